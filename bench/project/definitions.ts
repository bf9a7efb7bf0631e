/** What `bench/cli.ts` starts the command line on: as small as a project can be. */
import { Effect } from "effect"
import { Asset, Definitions, Graph } from "effect-assets"
import { Local } from "effect-assets/node"

const prices = Asset.make("prices", Effect.succeed([3, 4]))
const total = Asset.make("total", {
  inputs: { prices },
  compute: ({ prices }) => Effect.succeed(prices.reduce((a, b) => a + b, 0))
})

export default Definitions.make({
  graph: Graph.make({ prices, total }),
  layer: Local.layer({ directory: ".assets" })
})
