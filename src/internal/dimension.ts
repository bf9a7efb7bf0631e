/**
 * One dimension of a partition set at a moment: its partitions in order, by index. Fixed and dynamic keys are a list; time
 * windows are an ordered line of which the set is a stretch.
 */

/** Something that begins and ends, in milliseconds since 1970: `start` belongs to it, `end` does not. */
export interface Window {
  readonly start: number
  readonly end: number
}

/** A list of keys, or the time windows that exist now. Indices go from 0 to `size - 1`. */
export type Dimension = KeyList | WindowLine

/** What all dimensions can tell. */
interface Common {
  /** Two dimensions with equal ids have the same partitions at the same moment: equal definitions have equal ids. */
  readonly id: string
  /** How many partitions exist now. */
  readonly size: number
  /** The key of an index from 0 to `size - 1`. */
  readonly keyAt: (index: number) => string
  /** The index of an existing key, or -1. */
  readonly indexOf: (key: string) => number
}

/** Keys in the order of their definition. */
export interface KeyList extends Common {
  readonly kind: "Keys"
}

/**
 * Time windows. Indices are those of existing windows (from `start` on, ended by now, before `end`); the functions on times
 * look at the whole line that the cron expression draws, also before the first and after the last existing window.
 */
export interface WindowLine extends Common {
  readonly kind: "Windows"
  readonly timeZone: string
  /** Whether each window begins where the one before ends: there are no exclusions. */
  readonly contiguous: boolean
  /** The window of an index from 0 to `size - 1`. O(1) after the starts are known. */
  readonly windowAt: (index: number) => Window
  /** The first index whose window starts at or after a time: `size` if there is none. O(log n). */
  readonly firstStartingFrom: (time: number) => number
  /** The first index whose window ends after a time: `size` if there is none. O(log n). */
  readonly firstEndingAfter: (time: number) => number
  /**
   * The windows of the line, existing or not, that start at or after `from` and before `to` (exclusions left out). Their
   * keys as `keyOf` gives them.
   */
  readonly between: (from: number, to: number) => ReadonlyArray<Window>
  /**
   * How many windows there are in a stretch of time, excluded or not, existing or not; one more than `limit` if there are
   * more. `undefined` if the stretch does not begin where a window begins and end where one ends.
   */
  readonly countWithin: (from: number, to: number, limit: number) => number | undefined
  /** Where the last window of the line that starts before a time starts, excluded or not. */
  readonly startBefore: (time: number) => number
  /** The window of the line that holds a time, if it is not excluded. */
  readonly holding: (time: number) => Window | undefined
  /** The window that starts `by` windows after the one that starts at `start`: back for a negative number. */
  readonly shifted: (start: number, by: number) => Window
  /** The key of a window of the line, existing or not. */
  readonly keyOf: (window: Window) => string
  /** The window of a key of the line, existing or not; `undefined` for text that is not a key of this line. */
  readonly windowOf: (key: string) => Window | undefined
  /** The end of the set as its definition says, if it says so. */
  readonly bounds: { readonly start: number; readonly end: number | undefined }
}
