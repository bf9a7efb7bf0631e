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
  automationSearch,
  jobSearch,
  lineageSearch,
  namesSearch,
  parseSearch,
  queueSearch,
  reading,
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
  validateSearch: reading(assetsSearch),
  component: lazyRouteComponent(() => import("./pages/AssetsPage.tsx"))
})

const assetRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/asset",
  validateSearch: reading(assetSearch),
  component: lazyRouteComponent(() => import("./pages/AssetPage.tsx"))
})

const lineageRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/lineage",
  validateSearch: reading(lineageSearch),
  component: lazyRouteComponent(() => import("./pages/LineagePage.tsx"))
})

const runsRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/runs",
  validateSearch: reading(runsSearch),
  component: lazyRouteComponent(() => import("./pages/RunsPage.tsx"))
})

const runRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/runs/$id",
  validateSearch: reading(runSearch),
  component: lazyRouteComponent(() => import("./pages/RunPage.tsx"))
})

const jobsRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/jobs",
  validateSearch: reading(namesSearch),
  component: lazyRouteComponent(() => import("./pages/JobsPage.tsx"))
})

const jobRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/job",
  validateSearch: reading(jobSearch),
  component: lazyRouteComponent(() => import("./pages/JobPage.tsx"))
})

const schedulesRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/schedules",
  validateSearch: reading(namesSearch),
  component: lazyRouteComponent(() => import("./pages/SchedulesPage.tsx"))
})

const sensorsRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/sensors",
  validateSearch: reading(namesSearch),
  component: lazyRouteComponent(() => import("./pages/SensorsPage.tsx"))
})

const automationRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/automation",
  validateSearch: reading(automationSearch),
  component: lazyRouteComponent(() => import("./pages/AutomationPage.tsx"))
})

const backfillsRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/backfills",
  component: lazyRouteComponent(() => import("./pages/BackfillsPage.tsx"))
})

const backfillRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/backfills/$id",
  component: lazyRouteComponent(() => import("./pages/BackfillPage.tsx"))
})

const queueRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/queue",
  validateSearch: reading(queueSearch),
  component: lazyRouteComponent(() => import("./pages/QueuePage.tsx"))
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
    routeTree: rootRoute.addChildren([
      indexRoute,
      assetsRoute,
      assetRoute,
      lineageRoute,
      runsRoute,
      runRoute,
      jobsRoute,
      jobRoute,
      schedulesRoute,
      sensorsRoute,
      automationRoute,
      backfillsRoute,
      backfillRoute,
      queueRoute
    ]),
    history: createHashHistory(),
    parseSearch,
    stringifySearch,
    defaultPreload: "intent",
    defaultErrorComponent: PageFailed,
    defaultPendingComponent: PagePending,
    defaultNotFoundComponent: NotFoundPage,
    scrollRestoration: false
  })
