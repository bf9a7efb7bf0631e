import { EmptyState } from "../kit/index.ts"
import { Page } from "../shell/Page.tsx"

const AssetsPage = () => (
  <Page title="Assets">
    <EmptyState title="Not here yet" />
  </Page>
)

export default AssetsPage
