/**
 * Explanations as they are stored: there are many, and most parts of most of them hold for nothing.
 */
import type * as Schema from "effect/Schema"
import type { Explanation, ExplanationNode } from "../Condition.ts"

/** `above` is what the part that this one belongs to was asked about, and `own` what has the condition. */
const storedNode = (node: ExplanationNode, above: string, own: string): { [name: string]: unknown } => {
  const { about = own, candidates, children, count, whole, ...rest } = node
  const stored: { [name: string]: unknown } = rest
  if (about !== above) stored["about"] = about
  if (count !== 0) stored["count"] = count
  if (whole) stored["whole"] = true
  if (candidates !== 1) stored["candidates"] = candidates
  if (children.length > 0) stored["children"] = children.map((child) => storedNode(child, about, own))
  return stored
}

/**
 * What `Condition.Explanation` decodes: what is not told is as it mostly is, and a part is about the same as the one that it
 * belongs to.
 *
 * @internal
 */
export const storedExplanation = ({ root, ...explanation }: Explanation): Schema.Json =>
  // it is plain data
  ({ ...explanation, root: storedNode(root, explanation.id, explanation.id) }) as Schema.Json
