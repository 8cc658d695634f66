/**
 * The end of the process, as far as the process sees it coming: its program has ended, or calls `process.exit`. An
 * unhandled signal and a kill end it without a call.
 */

interface Shared {
  readonly waiting: Set<() => void>
  readonly run: () => void
}

// One listener a process, for any number of layers and of copies of this package: Node warns of an emitter that has more
// than ten, and bundlers make copies.
const shared = (): Shared => {
  const place = globalThis as { [key: symbol]: Shared | undefined }
  const key = Symbol.for("effect-llmobs/ProcessExit")
  const found = place[key]
  if (found !== undefined) return found
  const waiting = new Set<() => void>()
  const made: Shared = {
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
  place[key] = made
  return made
}

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
