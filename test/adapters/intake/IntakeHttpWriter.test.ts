import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as DevAgent from "../../../src/adapters/devagent/DevAgent.ts"
import * as IntakeHttpWriter from "../../../src/adapters/intake/IntakeHttpWriter.ts"
import * as NodeTransport from "../../../src/adapters/node-transport/NodeTransport.ts"
import * as HostileValue from "../../domain/HostileValue.ts"
import * as Records from "../../domain/Records.ts"

const make = (agent: DevAgent.DevAgent, way: "EvpProxy" | "Intake", maxEventBytes = 5_000_000) =>
  Effect.gen(function*() {
    const transport = yield* NodeTransport.make()
    const target = { protocol: "http", host: "127.0.0.1", port: agent.port, basePath: "" } as const
    const defects: Array<unknown> = []
    const writer = IntakeHttpWriter.make({
      transport,
      route: way === "EvpProxy"
        ? { _tag: "EvpProxy", target, prefix: "/evp_proxy/v2" }
        : { _tag: "Intake", target, apiKey: Redacted.make("secret") },
      timeoutMillis: 50_000,
      libraryVersion: "0.1.0",
      maxEventBytes,
      maxPayloadBytes: 5_242_879,
      headers: { "x-own": "1", "content-type": "text/plain" },
      onDefect: (error) => defects.push(error)
    })
    return { writer, defects }
  })

describe("IntakeHttpWriter", () => {
  for (const [way, via] of [["EvpProxy", "evp"], ["Intake", "direct"]] as const) {
    it.live(`sends a list of envelopes by ${way} with exact integers`, () =>
      Effect.gen(function*() {
        const agent = yield* DevAgent.make()
        const { writer } = yield* make(agent, way)
        const record = Records.makeRecord({
          context: Records.makeContext({ explicit: { sessionId: "s" } }),
          annotation: { input: "h\u00e9\ud83d\ude00" }
        })
        const outcome = yield* writer.send(
          [writer.encode(record, undefined)!, writer.encode(record, undefined)!],
          undefined
        )
        assert.strictEqual(outcome._tag === "Answer" ? outcome.status : 0, 202)
        const [event, second] = agent.events()
        assert.strictEqual(second!.via, via)
        assert.strictEqual(event!.event["start_ns"], 1_787_299_200_123_456_789n)
        assert.strictEqual(event!.event["session_id"], "s")
        assert.strictEqual(event!.raw["event_type"], "span")
        const { headers } = agent.requests()[0]!
        assert.strictEqual(headers["content-type"], "application/json")
        assert.strictEqual(headers["x-own"], "1")
        assert.strictEqual(headers["dd-api-key"], way === "Intake" ? "secret" : undefined)
        assert.strictEqual(headers["x-datadog-evp-subdomain"], way === "Intake" ? undefined : "llmobs-intake")
      }))
  }

  it.live("encodes every kind of annotation within the size that the record estimated", () =>
    Effect.gen(function*() {
      const agent = yield* DevAgent.make()
      const { defects, writer } = yield* make(agent, "EvpProxy")
      const events = HostileValue.each().map((value) => {
        const record = Records.makeRecord({
          context: Records.makeContext({ kind: "task" }),
          annotation: { input: value, output: value, metadata: { value } as {} }
        })
        const event = writer.encode(record, undefined)!
        assert.isAtMost(event.bytes.byteLength, record.bytes)
        return event
      })
      assert.deepStrictEqual(defects, [])
      const outcome = yield* writer.send(events, undefined)
      assert.strictEqual(outcome._tag === "Answer" ? outcome.status : 0, 202)
      assert.strictEqual(agent.events().length, events.length)
    }))

  it.live("shrinks an event above its limit, and marks the event as truncated", () =>
    Effect.gen(function*() {
      const agent = yield* DevAgent.make()
      const { writer } = yield* make(agent, "EvpProxy", 20_000)
      const event = writer.encode(Records.makeRecord({ annotation: { input: "x".repeat(50_000) } }), undefined)!
      assert.isAtMost(event.bytes.byteLength, 20_000 + 200)
      yield* writer.send([event], undefined)
      assert.strictEqual(agent.events().length, 1)
      assert.include(
        JSON.stringify(agent.requests()[0]!.body, (_, value) => typeof value === "bigint" ? 0 : value),
        "xx"
      )
    }))
})
