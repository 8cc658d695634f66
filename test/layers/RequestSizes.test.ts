import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as DevAgent from "../../src/adapters/devagent/DevAgent.ts"
import * as Ledgers from "../../src/domain/delivery/Ledger.ts"
import * as LLMObs from "../../src/layers/LLMObs.ts"
import * as Observed from "./Observed.ts"

const turn = Effect.promise(() => new Promise<void>((resolve) => setImmediate(resolve)))

/** So many small spans, between which everything else can run. */
const paced = (count: number) =>
  Effect.forEach(Array.from({ length: count }), () => Effect.andThen(LLMObs.task("small")(Effect.void), turn), {
    discard: true
  })

const layer = (agent: DevAgent.DevAgent, options: LLMObs.Options = {}) =>
  LLMObs.layer({ ...Observed.usual, agentUrl: agent.url, apm: "off", flushInterval: "1 hour", ...options })

const evp = (agent: DevAgent.DevAgent) => agent.requests().filter(({ path }) => path.startsWith("/evp_proxy/"))

// From then on the Agent is known, and nothing waits for it.
const found = Effect.andThen(LLMObs.task("first")(Effect.void), LLMObs.flush)

describe("requests to the intake", () => {
  it.live("packs many small events into a request, by their real size instead of their estimate", () =>
    Effect.gen(function*() {
      const agent = yield* DevAgent.make()
      const ledger = yield* Effect.provide(
        found.pipe(Effect.andThen(paced(1_200)), Effect.andThen(LLMObs.flush), Effect.andThen(LLMObs.ledger)),
        layer(agent)
      )
      assert.strictEqual(ledger.delivered.intake, 1_201)
      const [, ...sent] = evp(agent)
      assert.strictEqual(sent.length, 1)
      assert.isBelow(sent[0]!.bytes.byteLength, 1024 * 1024)
    }))

  it.live("sends a request before its interval when a quarter of the memory is used", () =>
    Effect.gen(function*() {
      const agent = yield* DevAgent.make()
      const books = yield* Effect.provide(
        Effect.gen(function*() {
          yield* found
          yield* paced(400)
          let ledger = yield* LLMObs.ledger
          for (let turns = 0; turns < 50_000 && ledger.delivered.intake === 1; turns++) {
            yield* turn
            ledger = yield* LLMObs.ledger
          }
          return ledger
        }),
        layer(agent, { maxBytes: 1_000_000 })
      )
      assert.strictEqual(Ledgers.dropped(books), 0)
      assert.isAbove(books.delivered.intake, 1)
    }))

  const texts = ["世", "a", "é“"].map((text) => text.repeat(Math.ceil(1_300_000 / text.length)))
  const large = Effect.forEach(texts, (text) => LLMObs.task("large")(LLMObs.annotateCurrentSpan({ input: text })), {
    discard: true
  })
  const inputs = (agent: DevAgent.DevAgent) =>
    agent.events().flatMap(({ event }) => {
      const meta = event["meta"] as { readonly input?: { readonly value: string } }
      return event["name"] === "large" ? [meta.input?.value] : []
    })

  for (const [when, end] of [["flushed", LLMObs.flush], ["closed", Effect.void]] as const) {
    it.live(`sends events of more than a million characters whole, though they are packed later: ${when} at once`, () =>
      Effect.gen(function*() {
        const agent = yield* DevAgent.make()
        yield* Effect.provide(found.pipe(Effect.andThen(large), Effect.andThen(end)), layer(agent, { apm: "all" }))
        const sent = inputs(agent)
        assert.deepStrictEqual(texts.map((text) => sent.includes(text)), [true, true, true])
        assert.strictEqual(sent.length, 3)
      }))
  }
})
