/**
 * The end of the process, as far as the process sees it coming: its program has ended, or calls `process.exit`. An
 * unhandled signal and a kill end it without a call.
 */

import * as ProcessWide from "../../engine/context/ProcessWide.ts"

interface Shared {
  readonly waiting: Set<() => void>
  readonly run: () => void
}

// One listener a process: Node warns of an emitter that has more than ten.
const shared = (): Shared =>
  ProcessWide.get("ProcessExit/1", () => {
    const waiting = new Set<() => void>()
    return {
      waiting,
      run: () => {
        for (const f of waiting) {
          try {
            f()
          } catch {
            // The others still have to be called.
          }
        }
      }
    }
  })

/** Calls `f`, which must be synchronous, when the process ends. Gives back the function that takes it out again. */
export const onExit = (f: () => void): () => void => {
  const { run, waiting } = shared()
  if (waiting.size === 0) process.on("exit", run)
  waiting.add(f)
  return () => {
    waiting.delete(f)
    if (waiting.size === 0) process.off("exit", run)
  }
}
