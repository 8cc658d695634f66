/**
 * Spans that start without a recorder while a layer is alive: most likely their program was merged with the layer instead
 * of being provided with it.
 */
import * as ProcessWide from "../context/ProcessWide.ts"

/** Told of the name of such a span. */
type Listener = (name: string) => void

const listeners = ProcessWide.get("OutsideSpans/1", () => new Set<Listener>())

/** Listens until the returned function is called. */
export const listen = (listener: Listener): () => void => {
  // A layer is built more than once in a process: each listens for itself.
  const own: Listener = (name) => listener(name)
  listeners.add(own)
  return () => {
    listeners.delete(own)
  }
}

/** A span started without a recorder. The layer that was built last is told. */
export const started = (name: string): void => {
  if (listeners.size === 0) return
  const last = [...listeners].at(-1)!
  last(name)
}
