import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Scope from "effect/Scope"
import * as DevAgent from "../../src/adapters/devagent/DevAgent.ts"
import * as NodeTransport from "../../src/adapters/node-transport/NodeTransport.ts"
import * as Ledgers from "../../src/domain/delivery/Ledger.ts"
import * as LLMObs from "../../src/layers/LLMObs.ts"
import { Transport } from "../../src/ports/Transport.ts"
import * as Observed from "../layers/Observed.ts"
import * as Patience from "../layers/Patience.ts"
import * as Ports from "../layers/Ports.ts"

const spans = (count: number) =>
  Effect.forEach(
    Array.from({ length: count }, (_, index) => `s${index}`),
    (name) => Effect.void.pipe(LLMObs.task(name)),
    { discard: true }
  )

const books = Effect.tap(
  LLMObs.ledger,
  (ledger) => Effect.sync(() => assert.isTrue(Ledgers.balances(ledger), JSON.stringify(ledger)))
)

const hour = 3_600_000

/** The real clock, with a time of day that can be set. */
const settable = () => {
  const state = { aheadMillis: 0 }
  const layer = Layer.effect(
    Clock.Clock,
    Effect.map(Clock.Clock, (real): Clock.Clock => {
      const millis = () => real.currentTimeMillisUnsafe() + state.aheadMillis
      const nanos = () => real.currentTimeNanosUnsafe() + BigInt(state.aheadMillis) * 1_000_000n
      return {
        currentTimeMillisUnsafe: millis,
        currentTimeMillis: Effect.sync(millis),
        currentTimeNanosUnsafe: nanos,
        currentTimeNanos: Effect.sync(nanos),
        monotonicTimeNanosUnsafe: () => real.monotonicTimeNanosUnsafe(),
        monotonicTimeNanos: real.monotonicTimeNanos,
        sleep: (duration) => real.sleep(duration)
      }
    })
  )
  return { state, layer }
}

/** The real transport, before an Agent that answers so every request in which an event has this name. */
const refusing = (name: string, status: number) =>
  Layer.effect(
    Transport,
    Effect.map(NodeTransport.make({}), (node): Transport["Service"] => ({
      send: (request) =>
        text(request.body).includes(`"name":"${name}"`)
          ? Effect.succeed({ _tag: "Answer", status, headers: {}, body: "" })
          : node.send(request)
    }))
  )

const text = (body: Uint8Array | undefined) => new TextDecoder().decode(body)

const names = (count: number) => Array.from({ length: count }, (_, index) => `s${index}`)

describe("delivery of events to the intake", () => {
  for (const status of [400, 404, 409, 410, 415, 422, 451] as const) {
    it.live(`drops the one event of 40 that the intake answers with ${status}, and delivers the others`, () =>
      Effect.gen(function*() {
        const agent = yield* DevAgent.make()
        // An intake without an Agent before it: 404 is about an event there, too.
        const direct = {
          agentless: true,
          overrideOrigin: agent.url,
          apiKey: Redacted.make("key"),
          site: "datadoghq.com"
        } as const
        yield* Effect.gen(function*() {
          yield* spans(40)
          yield* LLMObs.flush
          const ledger = yield* books
          assert.strictEqual(ledger.delivered.intake, 39)
          assert.strictEqual(ledger.dropped.refused, 1)
        }).pipe(
          Effect.provide(
            Observed.layerOf(agent, direct).pipe(Layer.provide(refusing("s17", status)))
          )
        )
        assert.sameMembers(Observed.names(agent).slice(), names(40).filter((name) => name !== "s17"))
      }))
  }

  for (const how of ["a flush", "the end of the program"] as const) {
    for (const status of [404, 405] as const) {
      it.live(`delivers all 20 events at ${how} after one ${status} of the Agent's proxy`, () =>
        Effect.gen(function*() {
          const { layer, lines } = Observed.warnings()
          const agent = yield* DevAgent.make({ evpStatus: [status] })
          yield* Effect.gen(function*() {
            yield* spans(20)
            if (how === "a flush") {
              assert.strictEqual((yield* LLMObs.flush).delivered, 20)
              assert.strictEqual((yield* books).delivered.intake, 20)
            }
          }).pipe(
            Effect.provide(Observed.layerOf(agent, { apm: "off", flushInterval: "1 hour" })),
            Effect.provide(layer)
          )
          assert.sameMembers(Observed.names(agent).slice(), names(20))
          // A refusal that is over within seconds is no news.
          assert.deepStrictEqual(lines, [])
        }))
    }
  }

  it.live("delivers events at a flush that a refusing proxy left, an hour before the next interval", () =>
    Effect.gen(function*() {
      const agent = yield* DevAgent.make({ evpDisabled: true })
      const { layer, vain } = Patience.make()
      yield* Effect.gen(function*() {
        yield* spans(20)
        const refused = yield* vain(() => agent.requests().some(({ status }) => status === 405))
        assert.isTrue(refused.timedOut)
        agent.configure({ evpDisabled: false })
        assert.strictEqual((yield* LLMObs.flush).delivered, 20)
      }).pipe(
        Effect.provide(
          Observed.layerOf(agent, { apm: "off", flushInterval: "1 hour", flushTimeout: Patience.flushTimeout }).pipe(
            Layer.provideMerge(layer)
          )
        )
      )
    }))

  it.live("looks for a lost Agent at a flush, before the next search is due", () =>
    Effect.gen(function*() {
      const port = yield* Ports.reserve
      const { layer, vain } = Patience.make()
      yield* Effect.gen(function*() {
        const scope = yield* Scope.make()
        yield* Effect.provideService(DevAgent.make({ port }), Scope.Scope, scope)
        yield* Effect.andThen(spans(1), LLMObs.flush)
        yield* Scope.close(scope, Exit.void)
        yield* spans(3)
        assert.isTrue((yield* vain(() => true)).timedOut)
        const agent = yield* DevAgent.make({ port })
        const report = yield* LLMObs.flush
        assert.strictEqual(report.delivered, 3)
        assert.strictEqual(agent.events().length, 3)
      }).pipe(
        Effect.provide(
          Observed.layerOf({ url: `http://127.0.0.1:${port}` }, {
            apm: "off",
            flushTimeout: Patience.flushTimeout
          }).pipe(Layer.provideMerge(layer))
        )
      )
    }))

  for (const [what, hours] of [["25 hours ahead", 25], ["25 hours back", -25]] as const) {
    it.live(`lets no event expire when the time of day is set ${what}`, () =>
      Effect.gen(function*() {
        const { layer, state } = settable()
        const patience = Patience.make()
        const agent = yield* DevAgent.make({ evpStatus: 503 })
        yield* Effect.gen(function*() {
          yield* spans(20)
          const refused = yield* patience.vain(() => agent.requests().some(({ status }) => status === 503))
          assert.isTrue(refused.timedOut)
          state.aheadMillis = hours * hour
          yield* spans(1)
          agent.configure({ evpStatus: 202 })
          assert.strictEqual((yield* LLMObs.flush).delivered, 21)
          assert.strictEqual((yield* books).dropped.expired, 0)
        }).pipe(
          Effect.provide(
            Observed.layerOf(agent, { apm: "off", flushTimeout: Patience.flushTimeout }).pipe(
              Layer.provideMerge(patience.layer),
              Layer.provideMerge(layer)
            )
          )
        )
      }))
  }
})
