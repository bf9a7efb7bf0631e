import { EmptyState } from "../kit/index.ts"
import { Page } from "../shell/Page.tsx"

const LineagePage = () => (
  <Page title="Lineage">
    <EmptyState title="Not here yet" />
  </Page>
)

export default LineagePage
