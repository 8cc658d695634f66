/**
 * The foreseeable end of the process: its program has ended, or calls `process.exit`. An unhandled signal and a kill
 * end it without a call.
 */

import * as ProcessWide from "../../engine/context/ProcessWide.ts"
import * as Builtin from "./Builtin.ts"

interface Shared {
  readonly waiting: Set<() => void>
  readonly run: () => void
}

// One listener for the process, because Node warns of an emitter with more than ten.
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
            // An exception must not keep the other functions from being called.
          }
        }
      }
    }
  })

/** Calls `f`, which must be synchronous, when the process ends. Returns a function that cancels that. */
export const onExit = (f: () => void): () => void => {
  const { run, waiting } = shared()
  if (waiting.size === 0) Builtin.current?.on?.("exit", run)
  waiting.add(f)
  return () => {
    waiting.delete(f)
    if (waiting.size === 0) Builtin.current?.off?.("exit", run)
  }
}

/** Calls `f` once when the process has nothing left to do. Returns a function that cancels that. */
export const onIdle = (f: () => void): () => void => {
  process.once("beforeExit", f)
  return () => {
    process.off("beforeExit", f)
  }
}
