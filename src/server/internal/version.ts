/**
 * The version of this package.
 */
import { readFileSync } from "node:fs"

const read = (): string => {
  try {
    const { version } = JSON.parse(readFileSync(new URL("../../../package.json", import.meta.url), "utf8"))
    return typeof version === "string" ? version : "unknown"
  } catch {
    // bundled into something else
    return "unknown"
  }
}

/** @internal */
export const version: string = read()
