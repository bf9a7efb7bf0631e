import { EmptyState } from "../kit/index.ts"
import { Page } from "../shell/Page.tsx"

const RunsPage = () => (
  <Page title="Runs">
    <EmptyState title="Not here yet" />
  </Page>
)

export default RunsPage
