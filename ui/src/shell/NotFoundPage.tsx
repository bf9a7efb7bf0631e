import { Link } from "@tanstack/react-router"
import { SearchX } from "lucide-react"
import { buttonClasses } from "../kit/Button.tsx"
import { EmptyState } from "../kit/EmptyState.tsx"
import { Page } from "./Page.tsx"

/** An address that leads nowhere. */
export const NotFoundPage = () => (
  <Page title="Not found">
    <EmptyState
      icon={SearchX}
      title="There is no such page"
      action={<Link to="/assets" className={buttonClasses("primary")}>All assets</Link>}
    >
      The address may be of another version, or was cut off.
    </EmptyState>
  </Page>
)
