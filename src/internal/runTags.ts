/**
 * The tags by which daemons find runs: the request in the queue, who runs them, and how often they were resumed.
 */

/** @internal */
export const queuedTag = "queued"
/** @internal */
export const processTag = "process"
/** @internal */
export const resumesTag = "resumes"
