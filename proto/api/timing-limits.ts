/** What the viewer and the server know of timings, without the schemas, which would come along into the viewer. */

/** No wait is told as longer than this. */
export const LONGEST_WAIT_MS = 600_000
/** In one request. */
export const MOST_TIMINGS = 100
