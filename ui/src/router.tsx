import {
  createHashHistory,
  createRootRoute,
  createRoute,
  createRouter,
  type ErrorComponentProps,
  lazyRouteComponent,
  redirect
} from "@tanstack/react-router"
import { ErrorView } from "./kit/ErrorView.tsx"
import { Skeleton } from "./kit/Progress.tsx"
import {
  assetSearch,
  assetsSearch,
  lineageSearch,
  parseSearch,
  runSearch,
  runsSearch,
  stringifySearch
} from "./search.ts"
import { NotFoundPage } from "./shell/NotFoundPage.tsx"
import { Page } from "./shell/Page.tsx"
import { Shell } from "./shell/Shell.tsx"

const rootRoute = createRootRoute({ component: Shell, notFoundComponent: NotFoundPage })

const indexRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/",
  beforeLoad: () => {
    throw redirect({ to: "/assets", replace: true })
  }
})

const assetsRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/assets",
  validateSearch: assetsSearch,
  component: lazyRouteComponent(() => import("./pages/AssetsPage.tsx"))
})

const assetRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/asset",
  validateSearch: assetSearch,
  component: lazyRouteComponent(() => import("./pages/AssetPage.tsx"))
})

const lineageRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/lineage",
  validateSearch: lineageSearch,
  component: lazyRouteComponent(() => import("./pages/LineagePage.tsx"))
})

const runsRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/runs",
  validateSearch: runsSearch,
  component: lazyRouteComponent(() => import("./pages/RunsPage.tsx"))
})

const runRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/runs/$id",
  validateSearch: runSearch,
  component: lazyRouteComponent(() => import("./pages/RunPage.tsx"))
})

const PageFailed = ({ error, reset }: ErrorComponentProps) => (
  <Page title="Something went wrong">
    <ErrorView error={error} retry={reset} />
  </Page>
)

const PagePending = () => (
  <div className="flex flex-col gap-3 p-6" aria-hidden>
    <Skeleton className="h-6 w-64" />
    <Skeleton className="h-40 w-full" />
  </div>
)

/** The pages, by address. The address is in the hash: any text can be in it, and a reload needs no help of the server. */
export const makeRouter = () =>
  createRouter({
    routeTree: rootRoute.addChildren([indexRoute, assetsRoute, assetRoute, lineageRoute, runsRoute, runRoute]),
    history: createHashHistory(),
    parseSearch,
    stringifySearch,
    defaultPreload: "intent",
    defaultErrorComponent: PageFailed,
    defaultPendingComponent: PagePending,
    defaultNotFoundComponent: NotFoundPage,
    scrollRestoration: false
  })
