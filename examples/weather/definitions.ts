/** What the command line, the server and the web UI load. */
import { NodeServices } from "@effect/platform-node"
import { Layer } from "effect"
import { Definitions } from "effect-assets"
import { graph } from "./graph.ts"
import { layerLocal } from "./resources.ts"

export default Definitions.make({
  graph,
  layer: Layer.provide(layerLocal(".assets"), NodeServices.layer)
})
