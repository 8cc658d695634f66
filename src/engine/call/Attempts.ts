/**
 * Joins the attempts of one call: a client that tries again makes another request, and the event is one.
 *
 * **Details**
 *
 * A failed attempt is held until the next one comes, which has the same layer, address, body and parent, or until no
 * client would still try again. The event of a call that was given up ends with its last attempt. A call that ends, also because
 * its layer closes, is held no longer.
 */
import type { SpanEnd } from "../../ports/Recorder.ts"
import type { RunningLayer } from "../context/RunningLayers.ts"
import type { RecordedCall } from "./RecordedCall.ts"

/** Calls a function once after a time. The returned function prevents that. */
export type Later = (millis: number, f: () => void) => () => void

/** The failed attempts that may be repeated. */
export interface Attempts {
  /**
   * The call that a request continues: one of this layer with this key whose last attempt failed. The key is made only if any is
   * held.
   */
  readonly resume: (layer: RunningLayer, key: () => string) => RecordedCall | undefined
  /** Holds a failed attempt for so long as another may follow. */
  readonly hold: (key: string, call: RecordedCall, end: SpanEnd, millis: number) => void
}

interface Held {
  readonly call: RecordedCall
  readonly cancel: () => void
}

// A client tries a few times, and a server that is down fails all calls at once.
const mostHeld = 1_000

export const make = (later: Later): Attempts => {
  const held = new Map<string, Array<Held>>()
  let count = 0

  const take = (key: string, of: (one: Held) => boolean): RecordedCall | undefined => {
    const all = held.get(key) ?? []
    const at = all.findIndex(of)
    if (at < 0) return undefined
    const [{ call, cancel }] = all.splice(at, 1) as [Held]
    if (all.length === 0) held.delete(key)
    count--
    cancel()
    return call
  }

  return {
    resume: (layer, key) => count === 0 ? undefined : take(key(), ({ call }) => call.layer === layer),
    hold: (key, call, end, millis) => {
      if (count >= mostHeld || call.ended) return call.end(end)
      call.hold(end, () => {
        take(key, (one) => one.call === call)
      })
      const cancel = later(millis, () => call.end(end))
      const all = held.get(key)
      if (all === undefined) held.set(key, [{ call, cancel }])
      else all.push({ call, cancel })
      count++
    }
  }
}

/** A key for the attempts of one call. */
export const keyOf = (address: string, body: string, parent: string | undefined): string =>
  `${parent ?? ""} ${address} ${body.length} ${hash(body)}`

// FNV-1a, which needs no module of Node.
const hash = (text: string): number => {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return hash >>> 0
}

/** The time that a client may wait before it tries again, by the headers of an answer. */
export const patience = (header: (name: string) => string | null | undefined): number => {
  const millis = Number(header("retry-after-ms") ?? Number.NaN)
  const after = header("retry-after") ?? undefined
  const seconds = Number(after ?? Number.NaN)
  const asked = Number.isFinite(millis) ? millis : Number.isFinite(seconds) ? seconds * 1_000 : 0
  // Clients wait at most 8 s by themselves, and a minute if a server asks for it.
  return Math.min(Math.max(asked, 8_000), 60_000) + 2_000
}
