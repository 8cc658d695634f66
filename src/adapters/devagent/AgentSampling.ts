/**
 * The spans of a chunk that the trace Agent sends to the intake.
 *
 * **Details**
 *
 * The Agent answers 200 in every case, so a client does not see the decision. In order: a root that matches the Agent's
 * own filters is dropped; a negative priority is dropped, even with an error; priority 0 is dropped unless a span has
 * an error, and then kept within a rate; a positive priority is kept; a missing priority is kept within a rate. If
 * sampling dropped a chunk, spans that single-span sampling chose are still kept.
 *
 * **Gotchas**
 *
 * Both rates are plain token buckets. The Agent's samplers score by signature and pass bursts a few times larger. In
 * either case a client cannot rely on such chunks being kept.
 */
import type { Chunk, DecodedSpan } from "./TracePayload.ts"

/** The Agent's settings that decide. */
export interface Settings {
  /** A root whose resource matches one of these loses its chunk. */
  readonly ignoreResources: ReadonlyArray<RegExp>
  /** `key` or `key:value` on the root's meta: all of `require`, none of `reject`. */
  readonly filterTags: {
    readonly require: ReadonlyArray<string>
    readonly reject: ReadonlyArray<string>
  }
  /** Chunks with an error and priority 0 that are kept a second. */
  readonly errorsPerSecond: number
  /** Chunks without a priority that are kept a second. */
  readonly unprioritisedPerSecond: number
}

/** A token bucket that holds one second's worth. */
export interface Bucket {
  readonly tokens: number
  readonly at: number
}

/** The state of the samplers between chunks. */
export interface State {
  readonly errors: Bucket
  readonly unprioritised: Bucket
}

/** Full buckets. Times are milliseconds of any one clock. */
export const initial = (settings: Settings, nowMillis: number): State => ({
  errors: { tokens: settings.errorsPerSecond, at: nowMillis },
  unprioritised: { tokens: settings.unprioritisedPerSecond, at: nowMillis }
})

/** Why a chunk was kept or dropped. */
export type Reason =
  | "kept"
  | "kept_error"
  | "single_span_sampled"
  | "ignored_resource"
  | "filtered_tag"
  | "rejected"
  | "unprioritised_rate"

/** The spans that go on, why, and the state for the next chunk. */
export interface Decision {
  readonly survivors: Chunk
  readonly reason: Reason
  readonly state: State
}

const takeToken = (bucket: Bucket, perSecond: number, nowMillis: number): readonly [boolean, Bucket] => {
  const elapsed = Math.max(0, nowMillis - bucket.at)
  const tokens = Math.min(perSecond, bucket.tokens + elapsed * perSecond / 1000)
  return tokens >= 1
    ? [true, { tokens: tokens - 1, at: nowMillis }]
    : [false, { tokens, at: nowMillis }]
}

/**
 * The span of a chunk that stands for all: one without a parent, the last such; else one whose parent is not in the
 * chunk; else the last.
 */
export const root = (chunk: Chunk): DecodedSpan | undefined => {
  const ids = new Set(chunk.map((span) => span.spanId))
  return chunk.findLast((span) => span.parentId === 0n)
    ?? chunk.findLast((span) => !ids.has(span.parentId))
    ?? chunk.at(-1)
}

const metric = (span: DecodedSpan | undefined, key: string): number | undefined =>
  span !== undefined && Object.hasOwn(span.metrics, key) ? span.metrics[key] : undefined

/** The sampling priority of a chunk: the root's, else that of the first span that has one. */
export const priority = (chunk: Chunk): number | undefined => {
  const key = "_sampling_priority_v1"
  const found = metric(root(chunk), key) ?? metric(chunk.find((span) => metric(span, key) !== undefined), key)
  return found === undefined ? undefined : Math.trunc(found)
}

const hasTag = (span: DecodedSpan, tag: string): boolean => {
  const colon = tag.indexOf(":")
  const key = colon === -1 ? tag : tag.slice(0, colon)
  return Object.hasOwn(span.meta, key) && (colon === -1 || span.meta[key] === tag.slice(colon + 1))
}

const filtered = (top: DecodedSpan, settings: Settings): "ignored_resource" | "filtered_tag" | undefined => {
  if (settings.ignoreResources.some((pattern) => pattern.test(top.resource))) {
    return "ignored_resource"
  }
  const { reject, require } = settings.filterTags
  return reject.some((tag) => hasTag(top, tag)) || !require.every((tag) => hasTag(top, tag))
    ? "filtered_tag"
    : undefined
}

const singleSpanMechanism = 8

const dropped = (chunk: Chunk, reason: "rejected" | "unprioritised_rate", state: State): Decision => {
  const survivors = chunk.filter((span) => metric(span, "_dd.span_sampling.mechanism") === singleSpanMechanism)
  return { survivors, reason: survivors.length === 0 ? reason : "single_span_sampled", state }
}

/** Decides about one normalised chunk. */
export const decide = (state: State, chunk: Chunk, settings: Settings, nowMillis: number): Decision => {
  const top = root(chunk)
  if (top === undefined) {
    return { survivors: [], reason: "rejected", state }
  }
  const filter = filtered(top, settings)
  if (filter !== undefined) {
    return { survivors: [], reason: filter, state }
  }
  const given = priority(chunk)
  if (given === undefined) {
    const [taken, unprioritised] = takeToken(state.unprioritised, settings.unprioritisedPerSecond, nowMillis)
    const next = { ...state, unprioritised }
    return taken ? { survivors: chunk, reason: "kept", state: next } : dropped(chunk, "unprioritised_rate", next)
  }
  if (given > 0) {
    return { survivors: chunk, reason: "kept", state }
  }
  if (given === 0 && chunk.some((span) => span.error !== 0)) {
    const [taken, errors] = takeToken(state.errors, settings.errorsPerSecond, nowMillis)
    const next = { ...state, errors }
    return taken ? { survivors: chunk, reason: "kept_error", state: next } : dropped(chunk, "rejected", next)
  }
  return dropped(chunk, "rejected", state)
}
