import { EmptyState } from "../kit/index.ts"
import { Page } from "../shell/Page.tsx"

const RunPage = () => (
  <Page title="Run">
    <EmptyState title="Not here yet" />
  </Page>
)

export default RunPage
