import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import * as Ledger from "../../src/domain/delivery/Ledger.ts"
import * as MetaStruct from "../../src/domain/event/MetaStruct.ts"
import type { SpanRecord } from "../../src/domain/span/SpanRecord.ts"
import type { LiveSpan } from "../../src/engine/chunk/LocalTrace.ts"
import { makeRouter, makeTrace, open, record } from "../engine/Scene.ts"

const weather = Schema.Struct({
  mode: Schema.Literals(["apm-agent", "apm-agent", "apm-agentless", "llmobs-agent-proxy", "llmobs-agentless"]),
  carrier: Schema.Literals([true, true, true, false]),
  apm: Schema.Literals([true, true, true, false]),
  filtered: Schema.Literals([false, false, false, true]),
  priority: Schema.Literals([-1, 0, 1, 2])
})

/** A chunk, what the world was like when its spans ended, and what it was like when the chunk left. */
const scenes = Schema.Struct({
  spans: Schema.Array(Schema.Literals(["plain", "small", "large", "without a record"])),
  atFinish: weather,
  atRoute: weather,
  outboxBytes: Schema.Literals([0, 5_000, 2_100_000, 1e9]),
  budgetBytes: Schema.Literals([0, 10_000, 1e9])
})

// Above the bound of what rides, as far as its estimate and its struct go; its content is small, so that it costs no time.
const large = (): SpanRecord => ({ ...record(10), bytes: 1_200_000 })

const run = (scene: typeof scenes.Type) => {
  const made = makeRouter({ maxBytes: scene.budgetBytes, outboxBytes: scene.outboxBytes })
  const trace = makeTrace()
  const events: Array<SpanRecord> = []
  const spans: ReadonlyArray<LiveSpan> = scene.spans.map((kind) => open(trace, kind !== "plain"))
  Object.assign(made.weather, scene.atFinish)
  scene.spans.forEach((kind, i) => {
    Object.assign(spans[i]!.meta, { user: String(i) })
    if (kind !== "small" && kind !== "large") return
    const event = kind === "small" ? record(10) : large()
    events.push(event)
    made.router.finish(event, spans[i])
  })
  Object.assign(made.weather, scene.atRoute)
  return { ...made, trace, spans, events, route: () => made.router.route(trace, spans) }
}

const generated = { arbitrary: { runs: 300, size: 25 } }

const held = (outbox: ReturnType<typeof makeRouter>["outbox"]): ReadonlyArray<SpanRecord> => {
  const items = []
  for (let item = outbox.take(); item !== undefined; item = outbox.take()) items.push(item)
  for (const item of items.toReversed()) outbox.restore(item)
  return items.map((item) => item.record)
}

describe("the rescue of a chunk", () => {
  it.prop("gives every event exactly one route, or counts it as dropped", [scenes], ([scene]) => {
    const { events, ledger, outbox, route, sent } = run(scene)
    route()
    const riding = sent.flatMap((chunk) => chunk.spans.flatMap(({ rider }) => rider ?? []))
    const routes = [...riding, ...held(outbox)]
    assert.strictEqual(new Set(routes).size, routes.length)
    for (const event of routes) assert.include(events, event)
    assert.strictEqual(routes.length + Ledger.dropped(ledger.snapshot()), events.length)
  }, generated)

  it.prop("gives the same result when it is applied twice", [scenes], ([scene]) => {
    const { ledger, offered, outbox, route, sent, spans } = run(scene)
    route()
    const state = () => ({
      books: ledger.snapshot(),
      claims: spans.map((span) => span.claim),
      metas: spans.map((span) => ({ ...span.meta })),
      held: held(outbox),
      offered: offered()
    })
    const once = state()
    route()
    assert.deepStrictEqual(state(), once)
    if (sent.length > 0) assert.deepStrictEqual(sent[1], sent[0])
  }, generated)

  it.prop("keeps the order of the spans and every span in its place", [scenes], ([scene]) => {
    const { route, sent, spans, weather } = run(scene)
    route()
    assert.strictEqual(sent.length, weather.apm ? 1 : 0)
    for (const chunk of sent) {
      assert.deepStrictEqual(
        chunk.spans.map(({ span }) => span.spanId),
        spans.map((span) => span.spanId)
      )
    }
  }, generated)

  it.prop("leaves a span that is not an LLM span unchanged", [scenes], ([scene]) => {
    const { route, sent, spans } = run(scene)
    const before = spans.map((span) => ({ ...span, meta: { ...span.meta }, metrics: { ...span.metrics } }))
    route()
    spans.forEach((span, i) => {
      if (span.llm) return
      assert.deepStrictEqual({ ...span }, before[i]! as never)
      for (const chunk of sent) {
        const { rider, span: sealed } = chunk.spans[i]!
        assert.isUndefined(rider)
        assert.strictEqual(sealed.meta["user"], String(i))
        assert.strictEqual(sealed.links, span.links)
        assert.isFalse(
          Object.keys(sealed.meta).some((key) => key.startsWith("gen_ai.") || key.startsWith("_dd.llmobs."))
        )
      }
    })
  }, generated)

  it.prop("never changes the priority", [scenes], ([scene]) => {
    const { route, sent, weather } = run(scene)
    route()
    for (const chunk of sent) {
      if (chunk.spans.length === 0) continue
      assert.strictEqual(chunk.spans[0]!.span.metrics["_sampling_priority_v1"], scene.atRoute.priority)
    }
    assert.strictEqual(weather.priority, scene.atRoute.priority)
  }, generated)

  it.prop("marks a span as submitted exactly when the outbox took its event", [scenes], ([scene]) => {
    const { outbox, route, sent, spans } = run(scene)
    // A span whose event is elsewhere keeps a record without content, so the two have only their identity in common.
    const eventOf = spans.map((span) => span.record?.context.spanId)
    route()
    const taken = new Set(held(outbox).map((event) => event.context.spanId))
    spans.forEach((span, i) => {
      const event = eventOf[i]
      const marked = span.meta[MetaStruct.submittedTag] === "1"
      assert.strictEqual(marked, event !== undefined && taken.has(event))
      assert.strictEqual(span.claim === "outbox", marked)
      for (const chunk of sent) if (marked) assert.isUndefined(chunk.spans[i]!.rider)
    })
  }, generated)

  it.prop(
    "lets no event ride on a trace that is dropped or a carrier that cannot transport it",
    [scenes],
    ([scene]) => {
      const { route, sent, weather } = run(scene)
      route()
      const riders = sent.flatMap((chunk) => chunk.spans.flatMap(({ rider }) => rider ?? []))
      const dropped = weather.mode === "apm-agent" && (weather.priority <= 0 || weather.filtered)
      const direct = weather.mode === "llmobs-agent-proxy" || weather.mode === "llmobs-agentless"
      if (dropped || direct || !weather.carrier || !weather.apm) assert.deepStrictEqual(riders, [])
    },
    generated
  )
})
