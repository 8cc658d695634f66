/**
 * The end of the process, as far as the process sees it coming: when its program has ended or calls `process.exit`. A
 * signal that nobody handles, and a kill, end it without a word.
 *
 * @since 0.1.0
 */

// One listener for any number of layers: Node warns of an emitter that has more than ten.
const waiting = new Set<() => void>()

const run = (): void => {
  for (const f of waiting) f()
}

/**
 * Calls `f`, which must be synchronous, when the process ends. Gives back what takes it out again.
 *
 * @category combinators
 * @since 0.1.0
 */
export const onExit = (f: () => void): () => void => {
  if (waiting.size === 0) process.on("exit", run)
  waiting.add(f)
  return () => {
    waiting.delete(f)
    if (waiting.size === 0) process.off("exit", run)
  }
}
