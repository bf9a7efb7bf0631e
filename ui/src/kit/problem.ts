/** What went wrong, for people: what is in a problem document of the API, or the message of any error. */
export interface Problem {
  readonly title: string
  readonly detail?: string | undefined
  /** What can be done, a line each. */
  readonly hints?: ReadonlyArray<string>
  /** HTTP status, where it came over HTTP. */
  readonly status?: number | undefined
}

const field = (value: object, name: string): unknown =>
  Object.hasOwn(value, name) ? Reflect.get(value, name) : undefined

const textOf = (value: unknown): string | undefined => typeof value === "string" && value !== "" ? value : undefined

/** Reads any error as a problem. */
export const problemOf = (error: unknown): Problem => {
  if (typeof error !== "object" || error === null) return { title: textOf(error) ?? "Something went wrong" }
  const title = textOf(field(error, "title"))
  const status = field(error, "status")
  const number = typeof status === "number" ? { status } : {}
  const message = textOf(field(error, "message")) ?? (error instanceof Error ? textOf(error.message) : undefined)
  if (title !== undefined) return { title, detail: textOf(field(error, "detail")) ?? message, ...number }
  return { title: "Something went wrong", detail: message ?? textOf(field(error, "_tag")), ...number }
}
