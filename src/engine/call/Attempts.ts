/**
 * Joins the requests of one call: a client that tries again, or follows a redirect, makes another request, and the event is
 * one.
 *
 * **Details**
 *
 * A failed attempt is held until the next one comes, which has the same layer, address, body and parent, or until no
 * client would still try again. A redirected one is held in the same way, under the address that it is sent to. The
 * event of a call that was given up ends with its last attempt. A call that ends, also because its layer closes, is
 * held no longer.
 */
import type { SpanEnd } from "../../ports/Recorder.ts"
import type { RunningLayer } from "../context/RunningLayers.ts"
import type { RecordedCall } from "./RecordedCall.ts"

/** Calls a function once after a time. The returned function prevents that. */
export type Later = (millis: number, f: () => void) => () => void

/** The key that the requests of one call have in common. */
export interface Key {
  readonly address: string
  /** The rest, made by `digestOf`. */
  readonly digest: string
}

/** The attempts that may be followed by another request. */
export interface Attempts {
  /** Whether a request to this address may continue a call. The address is made only if any call is held. */
  readonly isAwaited: (address: () => string) => boolean
  /**
   * The call that a request continues: one of this layer with this key that is held. The digest is made only if a call is held
   * for the address.
   */
  readonly resume: (layer: RunningLayer, address: string, digest: () => string) => RecordedCall | undefined
  /** Holds a call for so long as another request may follow. */
  readonly hold: (key: Key, call: RecordedCall, end: SpanEnd, millis: number) => void
}

interface Held {
  readonly digest: string
  readonly call: RecordedCall
  readonly cancel: () => void
}

// A client tries a few times, and a server that is down fails all calls at once.
const mostHeld = 1_000

export const make = (later: Later): Attempts => {
  const held = new Map<string, Array<Held>>()
  let count = 0

  const take = (address: string, of: (one: Held) => boolean): RecordedCall | undefined => {
    const all = held.get(address) ?? []
    const at = all.findIndex(of)
    if (at < 0) return undefined
    const [{ call, cancel }] = all.splice(at, 1) as [Held]
    if (all.length === 0) held.delete(address)
    count--
    cancel()
    return call
  }

  return {
    isAwaited: (address) => count > 0 && held.has(address()),
    resume: (layer, address, digest) => {
      if (count === 0 || !held.has(address)) return undefined
      const wanted = digest()
      return take(address, (one) => one.digest === wanted && one.call.layer === layer)
    },
    hold: ({ address, digest }, call, end, millis) => {
      if (count >= mostHeld || call.ended) return call.end(end)
      call.hold(end, () => {
        take(address, (one) => one.call === call)
      })
      const cancel = later(millis, () => call.end(end))
      const all = held.get(address)
      if (all === undefined) held.set(address, [{ digest, call, cancel }])
      else all.push({ digest, call, cancel })
      count++
    }
  }
}

/** The part of a request, beside its address, that the next one of its call has too. */
export const digestOf = (body: string, parent: string | undefined, next: "attempt" | "redirect"): string =>
  `${next} ${parent ?? ""} ${body.length} ${hash(body)}`

// FNV-1a, which needs no module of Node.
const hash = (text: string): number => {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return hash >>> 0
}

/** The time that a call is held for the request that a redirect leads to: a client makes it at once. */
export const redirectMillis = 2_000

/** The facts that decide how long a client waits before it tries again. */
export interface Pause {
  /** A header of the answer, if one came. */
  readonly header: (name: string) => string | null | undefined
  /** The attempts before, if the client counts them. */
  readonly retries: number | undefined
  /** The longest time that the client waits if a server asks for it, in milliseconds. */
  readonly longest: number
  /** The time, in Unix milliseconds. */
  readonly now: number
}

// A busy process runs its timers late.
const delayMillis = 2_000

/** The time that a client may wait before it tries again, in milliseconds. */
export const patience = ({ header, longest, now, retries }: Pause): number => {
  const asked = askedMillis(header, now)
  if (asked > 0 && asked <= longest) return asked + delayMillis
  // The back-off of the clients that count their attempts; others take as long at most.
  const count = retries !== undefined && retries >= 0 ? retries : Infinity
  return Math.min(500 * 2 ** count, 8_000) + delayMillis
}

/** The same, for the client of a call. */
export const patienceOf = (call: RecordedCall, header: Pause["header"], retries: number | undefined): number =>
  patience({
    header,
    retries,
    // Anthropic's client waits as long as it is told.
    longest: call.call.integration === "anthropic" ? 600_000 : 60_000,
    now: Number(call.now() / 1_000_000n)
  })

const askedMillis = (header: Pause["header"], now: number): number => {
  const millis = Number(header("retry-after-ms") ?? Number.NaN)
  if (Number.isFinite(millis)) return millis
  const after = header("retry-after") ?? ""
  const seconds = Number(after === "" ? Number.NaN : after)
  return Number.isFinite(seconds) ? seconds * 1_000 : Date.parse(after) - now
}

/**
 * Whether a request that was given up had lasted as long as its client waits, which the client tells in whole seconds. Its
 * timer has started before the request.
 */
export const isTimeout = (elapsedMillis: number, seconds: string | undefined): boolean =>
  seconds !== undefined && elapsedMillis >= Number(seconds) * 1_000 - 100
