import { RouterProvider } from "@tanstack/react-router"
import { StrictMode } from "react"
import { createRoot } from "react-dom/client"
import { takeToken } from "./api/token.ts"
import "./app.css"
import { makeRouter } from "./router.tsx"
import { followSystemTheme } from "./theme.ts"

followSystemTheme()
await takeToken()

const router = makeRouter()

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router
  }
}

createRoot(document.getElementById("root")!).render(
  <StrictMode>
    <RouterProvider router={router} />
  </StrictMode>
)
