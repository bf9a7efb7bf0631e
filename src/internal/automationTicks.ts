/**
 * When schedules tick. Pure: times in, times out, in milliseconds since 1970.
 */
import * as Cron from "./cron.ts"

/**
 * What becomes of ticks that nobody has evaluated in time: the latest one is made up for; none is; or the latest ones are, up
 * to a number.
 */
export type CatchUp = "latest" | "none" | { readonly max: number }

/** For `"none"`, a tick is not late before so long: another daemon may have to take over. */
const grace = 60_000

/**
 * The first tick after a time, of several expressions: `Infinity` if there is none.
 *
 * @internal
 */
export const nextTick = (crons: ReadonlyArray<Cron.Cron>, time: number): number =>
  crons.reduce((first, cron) => Math.min(first, Cron.nextTick(cron, time)), Infinity)

/**
 * The last tick before a time, of several expressions: `-Infinity` if there is none.
 *
 * @internal
 */
export const prevTick = (crons: ReadonlyArray<Cron.Cron>, time: number): number =>
  crons.reduce((last, cron) => Math.max(last, Cron.prevTick(cron, time)), -Infinity)

/**
 * The first `count` ticks at or after a time.
 *
 * @internal
 */
export const nextTicks = (crons: ReadonlyArray<Cron.Cron>, from: number, count: number): ReadonlyArray<number> => {
  const found: Array<number> = []
  for (let at = nextTick(crons, Math.ceil(from) - 1); found.length < count && at < Infinity; at = nextTick(crons, at)) {
    found.push(at)
  }
  return found
}

/**
 * The ticks that are due and not evaluated, the earliest first: those after the last one, from when the schedule was started
 * on, as far as they are made up for. It takes as long as there are ticks to give, however long nobody looked.
 *
 * @internal
 */
export const dueTicks = (crons: ReadonlyArray<Cron.Cron>, options: {
  readonly now: number
  readonly lastTick: number | undefined
  readonly startedAt: number | undefined
  readonly catchUp: CatchUp
}): ReadonlyArray<number> => {
  const { catchUp, lastTick = -Infinity, now } = options
  // a schedule that nothing is known of starts now
  const startedAt = options.startedAt ?? (options.lastTick === undefined ? now : -Infinity)
  const most = catchUp === "none" ? Infinity : catchUp === "latest" ? 1 : catchUp.max
  const from = Math.max(startedAt, catchUp === "none" ? now - grace : -Infinity)
  const found: Array<number> = []
  for (let at = prevTick(crons, Math.floor(now) + 1); found.length < most; at = prevTick(crons, at)) {
    if (at <= lastTick || at < from || at === -Infinity) break
    found.push(at)
  }
  return found.reverse()
}
