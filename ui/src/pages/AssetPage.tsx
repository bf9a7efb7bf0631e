import { EmptyState } from "../kit/index.ts"
import { Page } from "../shell/Page.tsx"

const AssetPage = () => (
  <Page title="Asset">
    <EmptyState title="Not here yet" />
  </Page>
)

export default AssetPage
