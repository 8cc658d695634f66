import { assert, describe, it } from "@effect/vitest"
import * as Ledger from "../../../src/domain/delivery/Ledger.ts"
import { HeldContent } from "../../../src/domain/event/HeldContent.ts"
import * as MetaStruct from "../../../src/domain/event/MetaStruct.ts"
import type { LiveSpan } from "../../../src/engine/chunk/LocalTrace.ts"
import * as Router from "../../../src/engine/chunk/Router.ts"
import { makeRouter, makeTrace, open, record } from "../Scene.ts"

/** A trace of a plain root, an LLM span with a record, and a plain leaf, all finished. */
const scene = (options: Parameters<typeof makeRouter>[0] = {}) => {
  const made = makeRouter(options)
  const trace = makeTrace()
  const spans = [open(trace, false), open(trace, true), open(trace, false)] as const
  const [, llm] = spans
  const event = record()
  return { ...made, trace, spans, llm, event, books: () => made.ledger.snapshot() }
}

const balanced = (books: Ledger.Ledger) => assert.isTrue(Ledger.balances(books), JSON.stringify(books))

describe("Router", () => {
  it("lets an event of a kept trace ride its span", () => {
    const { books, event, llm, outbox, router, sent, spans, trace } = scene()
    router.finish(event, llm)
    assert.strictEqual(books().pending.chunk, 1)
    router.route(trace, spans)
    assert.strictEqual(llm.claim, "riding")
    assert.deepStrictEqual(sent[0]!.spans.map(({ rider }) => rider), [undefined, event, undefined])
    assert.notProperty(sent[0]!.spans[1]!.span.meta, MetaStruct.submittedTag)
    assert.strictEqual(outbox.size(), 0)
    assert.strictEqual(router.waiting(), 0)
  })

  for (const change of [{ priority: 0 }, { priority: -1 }, { filtered: true }]) {
    it(`offers an event of a trace that will be dropped, marks its span and removes the struct: ${JSON.stringify(change)}`, () => {
      const { books, event, llm, offered, outbox, router, sent, spans, trace, weather } = scene()
      Object.assign(weather, change)
      router.finish(event, llm)
      router.route(trace, spans)
      assert.strictEqual(llm.claim, "outbox")
      assert.strictEqual(outbox.take()!.record, event)
      assert.strictEqual(offered(), 1)
      const [, sealed] = sent[0]!.spans
      assert.isUndefined(sealed!.rider)
      assert.strictEqual(sealed!.span.meta[MetaStruct.submittedTag], "1")
      assert.strictEqual(sent[0]!.spans[0]!.span.metrics["_sampling_priority_v1"], weather.priority)
      balanced(books())
    })
  }

  it("asks the Agent's filters about the chunk's spans without a parent, with the tags that each is sent with", () => {
    const { asked, router, sent, trace } = scene()
    const [first, llm, leaf] = [open(trace, false), open(trace, true), open(trace, false)]
    router.route(trace, [first, llm, leaf])
    assert.deepStrictEqual(asked.map(({ meta }) => meta), sent[0]!.spans.map(({ span }) => span.meta))
    assert.strictEqual(asked[0]!.meta["_dd.p.dm"], "-0")
    assert.strictEqual(asked[0]!.meta["language"], "javascript")
    assert.strictEqual(asked[0]!.meta["env"], "prod")
    assert.notProperty(asked[1]!.meta, "_dd.p.dm")
  })

  for (const change of [{}, { mode: "apm-agentless" }, { priority: -1 }, { mode: "llmobs-agent-proxy" }] as const) {
    it(`sends no span of a trace that the program drops, and offers its events in each mode: ${JSON.stringify(change)}`, () => {
      const { books, event, llm, outbox, router, sent, spans, trace, weather } = scene()
      Object.assign(weather, change)
      const asked: Array<ReadonlyArray<string>> = []
      weather.keeps = (parts) => {
        asked.push(parts.map(({ meta, spanId }) => `${spanId} ${meta["gen_ai.operation.name"]}`))
        return false
      }
      router.finish(event, llm)
      router.route(trace, spans)
      assert.deepStrictEqual(sent, [])
      assert.strictEqual(llm.claim, "outbox")
      assert.strictEqual(outbox.size(), 1)
      if (change.mode !== "llmobs-agent-proxy") {
        assert.deepStrictEqual(asked, [
          spans.map(({ spanId }, i) => `${spanId} ${i === 1 ? "task" : undefined}`)
        ])
      }
      balanced(books())
    })
  }

  it("counts a drop at once when the outbox refuses an event of a trace that the program drops", () => {
    const { books, event, llm, router, sent, spans, trace, weather } = scene({ outboxBytes: 0 })
    weather.keeps = () => false
    router.finish(event, llm)
    router.route(trace, spans)
    assert.deepStrictEqual(sent, [])
    assert.strictEqual(books().dropped.outboxFull, 1)
    balanced(books())
  })

  for (
    const change of [{ apm: false }, { carrier: false }, { mode: "llmobs-agentless" }, { mode: "llmobs-agent-proxy" }]
  ) {
    it(`offers an event at the end of its span when it has no trace to ride on: ${JSON.stringify(change)}`, () => {
      const { books, event, llm, outbox, router, sent, spans, trace, weather } = scene()
      Object.assign(weather, change)
      router.finish(event, llm)
      assert.strictEqual(llm.claim, "outbox")
      assert.strictEqual(outbox.size(), 1)
      router.route(trace, spans)
      assert.strictEqual(outbox.size(), 1)
      assert.strictEqual(sent.length, weather.apm ? 1 : 0)
      if (weather.apm) assert.strictEqual(sent[0]!.spans[1]!.span.meta[MetaStruct.submittedTag], "1")
      balanced(books())
    })
  }

  it("offers an event without a carrier", () => {
    const { books, event, outbox, router } = scene()
    router.finish(event, undefined)
    assert.strictEqual(outbox.size(), 1)
    balanced(books())
  })

  it("offers an event when tracing is switched off while it waits", () => {
    const { books, event, llm, outbox, router, sent, spans, trace, weather } = scene()
    router.finish(event, llm)
    weather.apm = false
    router.route(trace, spans)
    assert.strictEqual(outbox.size(), 1)
    assert.deepStrictEqual(sent, [])
    balanced(books())
  })

  for (const full of [false, true]) {
    it(`offers a struct too large for a trace, and keeps it on its span if that is refused: outbox full ${JSON.stringify(full)}`, () => {
      const { books, llm, outbox, router, sent, spans, trace } = scene(full ? { outboxBytes: 0 } : {})
      const large = record(2_000_000)
      router.finish(large, llm)
      router.route(trace, spans)
      assert.strictEqual(llm.claim, full ? "riding" : "outbox")
      assert.strictEqual(sent[0]!.spans[1]!.rider, full ? large : undefined)
      assert.strictEqual(MetaStruct.submittedTag in sent[0]!.spans[1]!.span.meta, !full)
      assert.strictEqual(outbox.size(), full ? 0 : 1)
      assert.strictEqual(books().lastChance, full ? 1 : 0)
    })
  }

  it("packs a struct to learn its size only if the content leaves a doubt", () => {
    const size = (characters: number, contentBytes: number): number => {
      const large = record(characters)
      const place = { page: { bytes: new Uint8Array(0) }, start: 0, length: contentBytes, members: 1 }
      const annotation = new HeldContent(large.annotation, place) as unknown as typeof large.annotation
      return Router.structBytes({ ...large, annotation }, { structBytes: () => -1 })
    }
    assert.deepStrictEqual([size(10, 100), size(500_000, 600_000), size(2_000_000, 2_000_100)], [0, -1, 2_000_100])
  })

  for (const change of [{ priority: 0 }, { filtered: true }, { mode: "llmobs-agentless" }, { apm: false }]) {
    it(`counts a drop at once when the outbox refuses an event that cannot ride: ${JSON.stringify(change)}`, () => {
      const { books, budget, event, llm, router, spans, trace, weather } = scene({ outboxBytes: 0 })
      Object.assign(weather, change)
      router.finish(event, llm)
      router.route(trace, spans)
      assert.strictEqual(llm.claim, "dropped")
      assert.deepStrictEqual(books().dropped, { ...Ledger.empty.dropped, outboxFull: 1 })
      assert.strictEqual(books().lastChance, 0)
      assert.strictEqual(budget.used(), 0)
      assert.notProperty(llm.meta, MetaStruct.submittedTag)
      balanced(books())
    })
  }

  it("keeps a refused event on its span when the trace intake takes rejected traces", () => {
    const { books, llm, router, sent, spans, trace, weather } = scene({ outboxBytes: 0 })
    weather.mode = "apm-agentless"
    weather.priority = -1
    const large = record(2_000_000)
    router.finish(large, llm)
    router.route(trace, spans)
    assert.strictEqual(sent[0]!.spans[1]!.rider, large)
    assert.strictEqual(books().lastChance, 1)
  })

  it("drops and counts an event that the byte budget refuses, and scrubs its span without a mark", () => {
    const { books, event, llm, outbox, router, sent, spans, trace } = scene({ maxBytes: 10 })
    router.finish(event, llm)
    assert.strictEqual(books().dropped.outboxFull, 1)
    assert.strictEqual(llm.claim, "dropped")
    router.route(trace, spans)
    assert.isUndefined(sent[0]!.spans[1]!.rider)
    assert.notProperty(sent[0]!.spans[1]!.span.meta, MetaStruct.submittedTag)
    assert.strictEqual(outbox.size(), 0)
    balanced(books())
  })

  it("ships no partial struct for an LLM span without a record", () => {
    const { outbox, router, sent, spans, trace, weather } = scene()
    weather.priority = 0
    router.route(trace, spans)
    assert.isUndefined(sent[0]!.spans[1]!.rider)
    assert.notProperty(sent[0]!.spans[1]!.span.meta, MetaStruct.submittedTag)
    assert.strictEqual(outbox.size(), 0)
  })

  it("asks for the decision of each chunk, so that a late change affects later chunks alone", () => {
    const { router, sent, trace, weather } = scene()
    const spans = [open(trace, false), open(trace, false)]
    router.route(trace, [spans[0]!])
    weather.priority = -1
    router.route(trace, [spans[1]!])
    const firsts = sent.map((chunk) => chunk.spans[0]!.span)
    assert.deepStrictEqual(firsts.map((span) => span.metrics["_sampling_priority_v1"]), [1, -1])
    assert.deepStrictEqual(firsts.map((span) => span.meta["_dd.p.tid"]), ["6a86f1c000000000", "6a86f1c000000000"])
  })

  it("writes the tags of the root, of the first span and of the entry of a service on those spans", () => {
    const { event, llm, router, sent, spans, trace } = scene()
    llm.link(event.context)
    router.finish(event, llm)
    router.route(trace, spans)
    const [root, second, third] = sent[0]!.spans.map(({ span }) => span)
    assert.deepStrictEqual(root!.meta, {
      env: "prod",
      language: "javascript",
      "_dd.p.dm": "-0",
      "_dd.p.tid": "6a86f1c000000000",
      llmobs_trace_id: event.context.traceId,
      llmobs_parent_id: event.context.spanId
    })
    assert.deepStrictEqual(root!.metrics, { process_id: 7, "_dd.top_level": 1, _sampling_priority_v1: 1 })
    assert.strictEqual(second!.meta["_dd.llmobs.artificial_gen_ai_tags"], "true")
    assert.deepStrictEqual([third!.meta, third!.metrics], [{ env: "prod" }, {}])
  })

  it("writes gen_ai attributes on the span of a rescued event too", () => {
    const { event, llm, router, sent, spans, trace, weather } = scene()
    weather.priority = 0
    router.finish(event, llm)
    router.route(trace, spans)
    assert.strictEqual(sent[0]!.spans[1]!.span.meta["gen_ai.operation.name"], "task")
  })

  it("releases a record's span after its event has left the span", () => {
    const { event, llm, router, spans, trace, weather } = scene()
    weather.priority = 0
    router.finish(event, llm)
    router.route(trace, spans)
    assert.isUndefined((llm as LiveSpan).record)
  })

  describe("a step that fails", () => {
    const overflow = (): never => {
      throw new RangeError("Maximum call stack size exceeded")
    }
    type Made = ReturnType<typeof scene>
    const failures: ReadonlyArray<
      readonly [step: string, change: Partial<Made["weather"]>, fail: (made: Made) => void]
    > = [
      ["the decision", {}, ({ weather }) => Object.defineProperty(weather, "priority", { get: overflow })],
      ["the program's filter", {}, ({ weather }) => Object.assign(weather, { keeps: overflow })],
      ["the writer of traces", {}, ({ sent }) => Object.assign(sent, { push: overflow })],
      ["the outbox", { priority: 0 }, ({ outbox }) => Object.assign(outbox, { offer: overflow })],
      ["the notice to the lane", { priority: 0 }, ({ onOffered }) => Object.assign(onOffered, { call: overflow })]
    ]
    for (const [step, change, fail] of failures) {
      it(`balances the books of a chunk when a step fails: ${step}`, () => {
        const made = scene()
        const { books, event, llm, router, spans, trace, weather } = made
        router.finish(event, llm)
        Object.assign(weather, change)
        fail(made)
        router.route(trace, spans)
        balanced(books())
        assert.strictEqual(router.waiting(), 0)
        assert.strictEqual(books().dropped.failed, step === "the notice to the lane" ? 0 : 1)
      })
    }

    const places: ReadonlyArray<readonly [step: string, change: Partial<Made["weather"]>, fail: (made: Made) => void]> =
      [
        ["the carrier", {}, ({ llm }) => Object.assign(llm, { attach: overflow })],
        ["the budget", {}, ({ budget }) => Object.assign(budget, { reserve: overflow })],
        ["the outbox", { apm: false }, ({ outbox }) => Object.assign(outbox, { offer: overflow })]
      ]
    for (const [step, change, fail] of places) {
      it(`counts an event and places or drops it when a step fails: ${step}`, () => {
        const made = scene()
        Object.assign(made.weather, change)
        fail(made)
        made.router.finish(made.event, made.llm)
        assert.strictEqual(made.books().enqueued, 1)
        assert.strictEqual(made.books().dropped.failed, 1)
        balanced(made.books())
      })
    }
  })
})
