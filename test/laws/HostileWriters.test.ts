import { assert, describe, it } from "@effect/vitest"
import { AgentWriter } from "effect-llmobs/AgentWriter"
import * as AgentWriters from "effect-llmobs/AgentWriter"
import { IntakeWriter } from "effect-llmobs/IntakeWriter"
import * as IntakeWriters from "effect-llmobs/IntakeWriter"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Ledgers from "../../src/domain/delivery/Ledger.ts"
import * as LLMObs from "../../src/layers/LLMObs.ts"
import { options, running } from "./WriterLaws.ts"

type Send = () => unknown
type Encode = (subject: never) => unknown

const hang = Effect.never
const stubborn = Effect.uninterruptible(Effect.sleep("3 seconds"))
const boom = (): never => {
  throw new Error("boom")
}

const answer = (rest: object) => Effect.succeed({ _tag: "Answer", status: 200, headers: {}, body: "", ...rest })

/** Sends that break the contract of a writer. */
const sends: ReadonlyArray<readonly [what: string, send: Send]> = [
  ["throws", boom],
  ["dies", () => Effect.die("boom")],
  ["fails", () => Effect.fail("boom")],
  ["interrupts itself", () => Effect.interrupt],
  ["hangs", () => hang],
  ["hangs, and cannot be interrupted", () => stubborn],
  ["returns no effect", () => undefined],
  ["returns a promise", () => Promise.resolve(true)],
  ["answers with undefined", () => Effect.void],
  ["answers with a number of events", () => Effect.succeed(1_000_000)],
  ["answers with a status that is text", () => answer({ status: "200" })],
  ["answers with a negative status", () => answer({ status: -1 })],
  ["answers 503 without headers", () => answer({ status: 503, headers: null })],
  ["answers with headers that are not text", () => answer({ status: 429, headers: { "retry-after": {} } })],
  ["fails without saying whether bytes left", () => Effect.succeed({ _tag: "Failure" })],
  ["answers with a value that cannot be read", () =>
    Effect.succeed({
      get _tag() {
        return boom()
      }
    })]
]

/** Encodings that break the contract of a writer. */
const encodes: ReadonlyArray<readonly [what: string, encode: Encode]> = [
  ["throws", boom],
  ["returns undefined", () => undefined],
  ["returns null", () => null],
  ["returns an object without bytes", () => ({})],
  ["returns text for bytes", () => ({ bytes: "text" })],
  ["returns zero bytes", () => ({ bytes: new Uint8Array() })],
  ["returns bytes that can be read only once", () => {
    let asked = false
    return {
      get bytes() {
        if (asked) return boom()
        asked = true
        return new Uint8Array(10)
      }
    }
  }],
  ["empties its argument", (subject: { spans?: Array<unknown> }) => {
    subject.spans?.splice(0)
    return { bytes: new Uint8Array(10) }
  }]
]

const limits: ReadonlyArray<unknown> = [0, -1, NaN, Infinity, "many", undefined, 1]

/** Records events with a layer, and looks at the books at each step, and at the program. */
const survives = (layer: Layer.Layer<never>) =>
  Effect.gen(function*() {
    const { books, close, flush, record } = yield* running(layer)
    for (let index = 0; index < 6; index++) {
      yield* record(`event ${index}`)
      yield* books
    }
    yield* flush
    yield* record("event 6")
    const ledger = yield* close
    assert.deepStrictEqual([ledger.enqueued, Ledgers.pending(ledger)], [7, 0])
    return ledger
  })

const layer = (given: LLMObs.Options = {}) =>
  LLMObs.layer({ ...options, flushTimeout: "100 millis", agentUrl: "http://127.0.0.1:1", ...given })

/** A writer that is right but for some parts. */
const spoiled = <A extends object>(writer: A, parts: object): A =>
  Object.defineProperties({ ...writer }, Object.getOwnPropertyDescriptors(parts))

const asIntake = (parts: object, given: LLMObs.Options = {}) =>
  layer({ apm: "off", ...given }).pipe(
    Layer.provide(Layer.succeed(IntakeWriter, spoiled(IntakeWriters.make({ write: () => Effect.void }), parts)))
  )

const asAgent = (parts: object, given: LLMObs.Options = {}) =>
  layer(given).pipe(
    Layer.provide(Layer.succeed(AgentWriter, spoiled(AgentWriters.make({ write: () => Effect.void }), parts))),
    Layer.provide(IntakeWriters.layer({ write: () => Effect.void }))
  )

for (const [port, plugged] of [["an intake writer", asIntake], ["an agent writer", asAgent]] as const) {
  describe(`${port} that breaks its contract`, () => {
    for (const [what, send] of sends) {
      it.live(`balances the books and spares the program when the send of ${port} ${what}`, () =>
        survives(plugged({ send })))
    }
    for (const [what, encode] of encodes) {
      it.live(`balances the books and spares the program when the encode of ${port} ${what}`, () =>
        survives(plugged({ encode })))
    }
    for (const maxPayloadBytes of limits) {
      it.live(`balances the books and spares the program when the limit of ${port} is ${String(maxPayloadBytes)}`, () =>
        survives(plugged({ maxPayloadBytes })))
    }
    it.live(`balances the books and spares the program when the limit of ${port} throws`, () =>
      survives(plugged({
        get maxPayloadBytes() {
          return boom()
        }
      })))
  })
}

describe("an intake writer that cannot encode", () => {
  it.live("counts an event that an intake writer cannot encode as failed", () =>
    Effect.map(survives(asIntake({ encode: boom }, { flushTimeout: "30 seconds" })), (ledger) => {
      assert.strictEqual(ledger.dropped.failed, 7)
    }))
})

describe("a writer that answers after the layer closed", () => {
  it.live("leaves the books unchanged when a writer answers after the layer closed", () =>
    Effect.gen(function*() {
      let resume = () => {}
      const late = Effect.uninterruptible(Effect.callback<AgentWriters.Outcome>((answer) => {
        resume = () => answer(Effect.succeed({ _tag: "Answer", status: 202, headers: {}, body: "" }))
      }))
      const { books, close, flush, record } = yield* running(asIntake({ send: () => late }))
      yield* record("event")
      yield* flush
      const closed = yield* close
      assert.deepStrictEqual([closed.dropped.shutdown, Ledgers.delivered(closed)], [1, 0])
      resume()
      // The fiber that waited goes on, if there is one, before the next turn of the event loop.
      yield* Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
      assert.deepStrictEqual(yield* books, closed)
    }))
})

describe("an agent writer without a size for structs", () => {
  for (
    const [what, structBytes] of [["throws", boom], ["is not a number", () => "large"], [
      "is below zero",
      () => -1
    ]] as const
  ) {
    it.live(`sends a large event to the intake when the agent writer's struct size ${what}`, () =>
      Effect.gen(function*() {
        const ledger = yield* Effect.gen(function*() {
          yield* Effect.void.pipe(LLMObs.llm("large", { input: "x".repeat(300_000) }))
          yield* LLMObs.flush
          return yield* LLMObs.ledger
        }).pipe(Effect.provide(asAgent({ structBytes }, { flushTimeout: "30 seconds" })))
        assert.deepStrictEqual(ledger.delivered, { agent: 0, intake: 1 })
      }))
  }
})
