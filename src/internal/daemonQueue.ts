/**
 * Which of the runs that wait may begin: a pure function of the queue, of what runs, and of the limits.
 */

/** A limit on runs that have a tag: with one value, with each value on its own, or all that have it together. */
interface TagLimit {
  readonly key: string
  readonly value?: string | undefined
  readonly limit: number
}

/** @internal */
export interface Limits {
  readonly maxRuns?: number | undefined
  /** The value `"each"` stands for every value, each with a limit of its own. */
  readonly tags?: ReadonlyArray<TagLimit> | undefined
}

type Tags = { readonly [name: string]: string }

/** @internal */
export interface Waiting {
  readonly id: string
  readonly seq: number
  readonly priority: number
  readonly tags: Tags
  /** It is not to begin before this time. */
  readonly notBefore?: number | undefined
  /** How often it has failed in a row, if that is why. */
  readonly failures?: number | undefined
  /** Why it cannot begin, whatever the limits are. */
  readonly blocked?: string | undefined
}

/** @internal */
export interface Choice {
  /** The ids of those that may begin, in their order. */
  readonly launch: ReadonlyArray<string>
  readonly waiting: ReadonlyArray<{ readonly id: string; readonly reason: string }>
  /** When the first of those that wait for a time may begin: `Infinity` if there is none. */
  readonly until: number
}

/** How many of the runs that a limit is about there are. */
interface Slots {
  readonly limit: number
  readonly what: string
  taken: number
}

const reasonOf = ({ limit, taken, what }: Slots): string =>
  limit <= 0
    ? `no runs${what} are allowed: their limit is ${limit}`
    : `${taken} of ${limit} ${limit === 1 ? "run" : "runs"}${what} ${taken === 1 ? "is" : "are"} running`

/** Finds the slots that a run takes. */
const counted = ({ maxRuns, tags = [] }: Limits) => {
  const total: Slots | undefined = maxRuns === undefined ? undefined : { limit: maxRuns, what: "", taken: 0 }
  const known = tags.map(() => new Map<string, Slots>())
  return (run: Tags): Array<Slots> => {
    // what holds up this run and not others is the better reason
    const found: Array<Slots> = []
    tags.forEach(({ key, limit, value }, at) => {
      if (!Object.hasOwn(run, key)) return
      const own = run[key]!
      if (value !== undefined && value !== "each" && value !== own) return
      const group = value === undefined ? "" : own
      let slots = known[at]!.get(group)
      if (slots === undefined) {
        slots = { limit, what: ` with tag ${value === undefined ? key : `${key}=${own}`}`, taken: 0 }
        known[at]!.set(group, slots)
      }
      found.push(slots)
    })
    if (total !== undefined) found.push(total)
    return found
  }
}

const laterOf = (notBefore: number, failures: number | undefined): string => {
  const at = `it is tried again at ${new Date(notBefore).toISOString()}`
  if (failures === undefined) return at
  return `${at}, since it failed${failures === 1 ? "" : ` ${failures} times in a row`}`
}

/**
 * Chooses the runs that begin now: those of the highest priority first and of one priority the oldest. One that a limit holds
 * up holds up no others.
 *
 * @internal
 */
export const choose = (options: {
  readonly queued: ReadonlyArray<Waiting>
  readonly running: ReadonlyArray<Tags>
  readonly limits: Limits
  readonly now: number
}): Choice => {
  const slotsOf = counted(options.limits)
  for (const tags of options.running) for (const slots of slotsOf(tags)) slots.taken++
  const launch: Array<string> = []
  const waiting: Array<{ readonly id: string; readonly reason: string }> = []
  let until = Infinity
  const inOrder = options.queued.toSorted((a, b) => b.priority - a.priority || a.seq - b.seq)
  for (const { blocked, failures, id, notBefore, tags } of inOrder) {
    if (blocked !== undefined) {
      waiting.push({ id, reason: blocked })
      continue
    }
    if (notBefore !== undefined && notBefore > options.now) {
      until = Math.min(until, notBefore)
      waiting.push({ id, reason: laterOf(notBefore, failures) })
      continue
    }
    const slots = slotsOf(tags)
    const full = slots.find(({ limit, taken }) => taken >= limit)
    if (full !== undefined) {
      waiting.push({ id, reason: reasonOf(full) })
      continue
    }
    for (const each of slots) each.taken++
    launch.push(id)
  }
  return { launch, waiting, until }
}
