import { Graph } from "effect-assets"
import * as assets from "./assets.ts"

/** The assets of the modules, checked: what one reads is there, in the type it expects. */
export const graph = Graph.make(assets)
