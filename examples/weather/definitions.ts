/** What the command line, the server, the daemon and the web UI load. */
import { NodeServices } from "@effect/platform-node"
import { Layer } from "effect"
import { Definitions } from "effect-assets"
import { deliveries, everyMorning, failures } from "./automation.ts"
import { graph } from "./graph.ts"
import { layerLocal } from "./resources.ts"

export default Definitions.make({
  graph,
  automations: [everyMorning, deliveries, failures],
  layer: Layer.provide(layerLocal(".assets"), NodeServices.layer)
})
