/**
 * Laws that hold for any headers.
 */
import { assert } from "@effect/vitest"
import * as Baggage from "../src/domain/propagation/Baggage.ts"
import * as HeaderLookup from "../src/domain/propagation/HeaderLookup.ts"
import type { Extracted } from "../src/domain/propagation/Propagation.ts"
import * as Propagation from "../src/domain/propagation/Propagation.ts"
import type { PropagationSettings, PropagationStyle } from "../src/domain/propagation/PropagationStyle.ts"
import { defaults } from "../src/domain/propagation/PropagationStyle.ts"
import * as RequestSession from "../src/domain/propagation/RequestSession.ts"
import * as RequestContext from "../src/engine/context/RequestContext.ts"
import type { Headers } from "./HostileHeaders.ts"

const all: ReadonlyArray<PropagationStyle> = ["datadog", "tracecontext", "b3", "b3multi", "baggage"]

/** The default, and every style at once with everything believed. */
export const settings: ReadonlyArray<PropagationSettings> = [
  defaults,
  { ...defaults, stylesExtract: all, stylesInject: all, experimentBaggage: "accept", baggageTagKeys: ["*"] }
]

const legalHeader = /^[\t\x20-\x7e]*$/

const injection = (upstream: Extracted): Propagation.Injection => ({
  traceId: upstream.traceId,
  spanId: upstream.parentId,
  lastParentId: upstream.lastParentId,
  priority: upstream.priority,
  origin: upstream.origin,
  propagationTags: upstream.propagationTags,
  tracestate: upstream.tracestate,
  baggage: upstream.baggage,
  llmobs: upstream.llmobs
})

/** Reads headers as a server does; writes what was read as a client does; reads that again. Throws where a law fails. */
export const hold = (headers: Headers, using: PropagationSettings): void => {
  const read = RequestContext.fromHeaders(HeaderLookup.fromRecord(headers), using, undefined)
  assert.isAtMost(read.problems.length, 1)
  const { labels, upstream } = read.value
  for (const label of [labels.rum?.sessionId, labels.rum?.userId, labels.rum?.accountId]) {
    if (label !== undefined) assert.isTrue(Baggage.isLabel(label))
  }
  for (const tag of Object.values(labels.experiment?.tags ?? {})) assert.isTrue(Baggage.isLabel(tag))
  for (const text of Object.values(headers)) {
    const query = RequestSession.fromQuery(`/?session_id=${String(text)}`, "session_id").value
    if (query !== undefined) assert.isTrue(Baggage.isLabel(query))
  }
  if (upstream === undefined) return
  assert.isAtMost(upstream.baggage.size, Baggage.limits.items)
  if (upstream.traceId !== undefined) {
    assert.match(upstream.traceId, /^(?!0{32})[0-9a-f]{32}$/)
    if (upstream.parentId !== undefined) assert.match(upstream.parentId, /^(?!0{16})[0-9a-f]{16}$/)
  }

  const written = Propagation.injectChecked(injection(upstream), using).value
  for (const [name, text] of Object.entries(written)) assert.match(text, legalHeader, name)
  assert.isAtMost((written["baggage"] ?? "").length, Baggage.limits.bytes)
  assert.isAtMost((written["x-datadog-tags"] ?? "").length, using.xDatadogTagsMaxLength)
  assert.isAtMost((written["tracestate"] ?? "").split(",").length, 32)

  const again = RequestContext.fromHeaders(HeaderLookup.fromRecord(written), using, undefined).value.upstream
  if (upstream.traceId !== undefined && upstream.parentId !== undefined) {
    assert.strictEqual(again?.traceId, upstream.traceId)
    assert.strictEqual(again?.parentId, upstream.parentId)
    assert.strictEqual(again?.origin, upstream.origin)
    if (upstream.priority !== undefined) assert.strictEqual(again?.priority, upstream.priority)
    // The LLM parent and its trace always fit, even if other tags do not.
    assert.strictEqual(again?.llmobs?.parentId, upstream.llmobs?.parentId)
    if (upstream.llmobs?.parentId !== undefined) {
      assert.strictEqual(again?.llmobs?.traceId, upstream.llmobs.traceId)
    }
  }
  for (const [key, item] of again?.baggage ?? []) {
    assert.strictEqual(upstream.baggage.get(key)?.value, item.value)
  }
  // Members that can be written are written in their order, as far as they fit.
  const writable = [...upstream.baggage].filter(([key, { value }]) => key.isWellFormed() && value.isWellFormed())
  const kept = again?.baggage.size ?? 0
  assert.deepStrictEqual([...again?.baggage.keys() ?? []], writable.map(([key]) => key).slice(0, kept))
  if (writable.length > 0 && (written["baggage"] ?? "").length < Baggage.limits.bytes / 4) {
    assert.strictEqual(kept, writable.length)
  }
}
