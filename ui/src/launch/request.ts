/** What the launch dialog asks for, as it is chosen and as it is sent. */
import type { Api } from "../api/contract.ts"
import { withUpstream } from "./select.ts"

/** What is to be launched, as a page asks for it. */
export interface LaunchOptions {
  readonly keys?: ReadonlyArray<string> | undefined
  /** A selection expression; everything if neither it nor `keys` is given. */
  readonly select?: string | undefined
  readonly partitions?:
    | { readonly from: string; readonly to: string }
    | ReadonlyArray<string>
    | "all"
    | "missing"
    | undefined
  readonly onlyStale?: boolean | undefined
  readonly withUpstream?: boolean | undefined
  readonly checks?: "selected" | "none" | "only" | undefined
  readonly title?: string | undefined
  /** A job to run, of which `keys` or `select` are the assets. */
  readonly job?: { readonly name: string; readonly partitions?: string | undefined } | undefined
  /** Of a run that is to be repeated. */
  readonly config?: { readonly [name: string]: unknown } | undefined
  readonly tags?: { readonly [name: string]: string } | undefined
}

/** How partitions are chosen. */
export type PartitionMode = "missing" | "all" | "range" | "pick"

/** What is chosen in the dialog. */
export interface Choice {
  /** The job, and in words the partitions that it computes unless others are chosen: that is `missing` then. */
  readonly job?: LaunchOptions["job"]
  readonly keys: ReadonlyArray<string> | undefined
  readonly select: string | undefined
  readonly withUpstream: boolean
  readonly onlyStale: boolean
  readonly checks: "selected" | "none" | "only"
  readonly mode: PartitionMode
  readonly from: string
  readonly to: string
  readonly picked: ReadonlyArray<string>
  /** Partitions in one run, or in runs of so many. */
  readonly perRun: number | "all"
  readonly config: { readonly [name: string]: unknown }
  readonly tags: string
  readonly concurrency: string
  readonly retries: string
}

/** What is chosen when the dialog opens. */
export const choiceOf = (options: LaunchOptions): Choice => {
  const { partitions } = options
  const range = typeof partitions === "object" && "from" in partitions ? partitions : undefined
  return {
    ...options.job === undefined ? {} : { job: options.job },
    keys: options.keys,
    select: options.select,
    withUpstream: options.withUpstream === true,
    onlyStale: options.onlyStale === true,
    checks: options.checks ?? "selected",
    mode: partitions === "all" || partitions === "missing"
      ? partitions
      : range !== undefined
      ? "range"
      : (Array.isArray(partitions) && partitions.length > 0) ||
          (options.job !== undefined && options.job.partitions === undefined)
      ? "pick"
      : "missing",
    from: range?.from ?? "",
    to: range?.to ?? "",
    picked: Array.isArray(partitions) ? partitions : [],
    perRun: "all",
    config: options.config ?? {},
    tags: Object.entries(options.tags ?? {}).map(([name, value]) => `${name}=${value}`).join(", "),
    concurrency: "",
    retries: ""
  }
}

/** Reads `team=data, reason=late data`. */
export const readTags = (
  text: string
): { readonly tags: { readonly [name: string]: string } } | { readonly problem: string } => {
  const tags: Array<[string, string]> = []
  for (const part of text.split(/[,\n]/)) {
    if (part.trim() === "") continue
    const at = part.indexOf("=")
    const name = (at < 0 ? part : part.slice(0, at)).trim()
    if (at < 0 || name === "") return { problem: `Write NAME=VALUE: ${part.trim()}` }
    tags.push([name, part.slice(at + 1).trim()])
  }
  return { tags: Object.fromEntries(tags) }
}

const readCount = (
  text: string,
  least: number,
  most: number
): { readonly count: number | undefined } | { readonly problem: string } => {
  if (text.trim() === "") return { count: undefined }
  const count = Number(text)
  if (!Number.isInteger(count) || count < least) return { problem: `A whole number from ${least} on` }
  return count > most ? { problem: `At most ${most}` } : { count }
}

/** What is wrong with the fields of the dialog, by field. */
export interface ChoiceProblems {
  readonly tags?: string
  readonly concurrency?: string
  readonly retries?: string
  readonly partitions?: string
}

/** What is sent. */
export type Request =
  | { readonly _tag: "Run"; readonly request: Api.Model.RunRequest }
  | { readonly _tag: "Backfill"; readonly request: Api.Model.BackfillRequest }
  | { readonly _tag: "Job"; readonly request: Api.AutomationModel.JobRunRequest }

const problemIn = (read: object): string | undefined =>
  "problem" in read && typeof read.problem === "string" ? read.problem : undefined

/** What is sent for a choice, and what keeps it from being sent. `partitioned`: the assets have partitions. */
export const requestOf = (
  choice: Choice,
  partitioned: boolean
): { readonly request: Request; readonly problems: ChoiceProblems } => {
  const tags = readTags(choice.tags)
  const concurrency = readCount(choice.concurrency, 1, 10_000)
  const retries = readCount(choice.retries, 0, 100)
  const config = Object.fromEntries(Object.entries(choice.config).filter(([, value]) => value !== undefined))
  const common = {
    ...choice.withUpstream
      ? { select: withUpstream(choice) }
      : choice.keys === undefined
      ? choice.select === undefined ? {} : { select: choice.select }
      : { keys: choice.keys },
    ...choice.onlyStale ? { onlyStale: true } : {},
    ...choice.checks === "selected" ? {} : { checks: choice.checks },
    // what JSON cannot hold is refused before
    ...Object.keys(config).length === 0 ? {} : { config: config as NonNullable<Api.Model.RunRequest["config"]> },
    ..."tags" in tags && Object.keys(tags.tags).length > 0 ? { tags: tags.tags } : {},
    ..."count" in concurrency && concurrency.count !== undefined ? { concurrency: concurrency.count } : {}
  }
  const problem = {
    tags: problemIn(tags),
    concurrency: problemIn(concurrency),
    retries: problemIn(retries),
    partitions: !partitioned
      ? undefined
      : choice.mode === "range" && (choice.from === "" || choice.to === "")
      ? "Name the first and the last partition"
      : choice.mode === "pick" && choice.picked.length === 0
      ? "Pick at least one partition"
      : undefined
  }
  const problems: ChoiceProblems = Object.fromEntries(Object.entries(problem).filter(([, text]) => text !== undefined))
  const withRetries = "count" in retries && retries.count !== undefined ? { retries: retries.count } : {}
  if (choice.job !== undefined) {
    // which assets there are is the job's own
    const { keys: _, select: __, ...rest } = { keys: undefined, select: undefined, ...common }
    const partitions = !partitioned || choice.mode === "missing"
      ? {}
      : {
        partitions: choice.mode === "range"
          ? { from: choice.from, to: choice.to }
          : choice.mode === "pick"
          ? choice.picked
          : choice.mode
      }
    return {
      request: {
        _tag: "Job",
        request: { name: choice.job.name, ...rest, onlyStale: choice.onlyStale, ...withRetries, ...partitions }
      },
      problems
    }
  }
  if (!partitioned) return { request: { _tag: "Run", request: { ...common, ...withRetries } }, problems }
  const wanted = choice.mode === "range"
    ? { from: choice.from, to: choice.to }
    : choice.mode === "pick"
    ? choice.picked
    : choice.mode
  const single = choice.mode === "pick" && choice.picked.length === 1
  if (wanted !== "missing" && (choice.perRun === "all" || single)) {
    return { request: { _tag: "Run", request: { ...common, ...withRetries, partitions: wanted } }, problems }
  }
  return {
    request: {
      _tag: "Backfill",
      request: { ...common, partitions: wanted, partitionsPerRun: choice.perRun }
    },
    problems
  }
}

/** What a job would do, as a run that can be planned; `undefined` where only the job knows its partitions. */
export const planOfJob = (choice: Choice, partitioned: boolean): Api.Model.RunRequest | undefined => {
  if (partitioned && choice.mode === "missing") return undefined
  const { job: _, ...rest } = choice
  const { request } = requestOf({ ...rest, perRun: "all" }, partitioned)
  return request._tag === "Run" ? request.request : undefined
}

/** What stands on the button of what is chosen. */
export const plural = (count: number, one: string, many: string = `${one}s`): string =>
  count === 1 ? `1 ${one}` : `${count.toLocaleString("en")} ${many}`
