import { assert, describe, it } from "@effect/vitest"
import * as LLMObs from "effect-llmobs/LLMObs"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Fs from "node:fs"
import * as Os from "node:os"
import * as Path from "node:path"
import { PassThrough } from "node:stream"
import * as EventsToFile from "../../examples/plug-in/EventsToFile.ts"
import * as TracesToStream from "../../examples/plug-in/TracesToStream.ts"
import * as TwoIntakes from "../../examples/plug-in/TwoIntakes.ts"
import * as DevAgent from "../../src/adapters/devagent/DevAgent.ts"
import * as TracePayload from "../../src/adapters/devagent/TracePayload.ts"

const conversation = Effect.void.pipe(LLMObs.llm("model"), LLMObs.workflow("support"))

const delivered = Effect.gen(function*() {
  yield* conversation
  yield* LLMObs.flush
  return (yield* LLMObs.ledger).delivered
})

const layer = (options: LLMObs.Options = {}) =>
  LLMObs.layer({ mlApp: "shop", flushInterval: "5 millis", flushTimeout: "30 seconds", ...options })

describe("examples/plug-in", () => {
  it.live("writes events as lines of JSON into a file that only its user can read", () =>
    Effect.gen(function*() {
      const folder = Fs.mkdtempSync(Path.join(Os.tmpdir(), "effect-llmobs-"))
      yield* Effect.addFinalizer(() => Effect.sync(() => Fs.rmSync(folder, { recursive: true })))
      const path = Path.join(folder, "events.ndjson")
      const counts = yield* delivered.pipe(
        Effect.provide(layer({ apm: "off" }).pipe(Layer.provide(EventsToFile.layer(path))))
      )
      assert.deepStrictEqual(counts, { agent: 0, intake: 2 })
      const lines = Fs.readFileSync(path, "utf8").split("\n")
      assert.strictEqual(lines.pop(), "")
      assert.deepStrictEqual(lines.map((line) => JSON.parse(line).spans[0].name).sort(), ["model", "support"])
      assert.strictEqual(Fs.statSync(path).mode & 0o777, 0o600)
    }))

  it.live("sends every event to two intakes, and none twice when one of them refuses for a time", () =>
    Effect.gen(function*() {
      const first = yield* DevAgent.make()
      const second = yield* DevAgent.make({ evpStatus: [503, 503] })
      const intakes = TwoIntakes.layer(
        { url: first.url, apiKey: Redacted.make("one") },
        { url: second.url, apiKey: Redacted.make("two") }
      )
      const counts = yield* delivered.pipe(Effect.provide(layer({ apm: "off" }).pipe(Layer.provide(intakes))))
      assert.deepStrictEqual(counts, { agent: 0, intake: 2 })
      for (const [agent, key] of [[first, "one"], [second, "two"]] as const) {
        assert.deepStrictEqual(agent.events().map(({ event }) => event["name"]).sort(), ["model", "support"])
        assert.strictEqual(agent.requests()[0]!.headers["dd-api-key"], key)
      }
      assert.deepStrictEqual(second.requests().map(({ status }) => status), [503, 503, 202])
    }))

  it.live("writes v0.4 payloads to a stream, each behind its length", () =>
    Effect.gen(function*() {
      const stream = new PassThrough()
      const counts = yield* delivered.pipe(
        Effect.provide(layer({ agentUrl: "http://127.0.0.1:1" }).pipe(Layer.provide(TracesToStream.layer(stream))))
      )
      assert.deepStrictEqual(counts, { agent: 2, intake: 0 })
      const bytes: Buffer = stream.read()
      assert.strictEqual(bytes.readUInt32BE(0), bytes.byteLength - 4)
      const decoded = TracePayload.decode(bytes.subarray(4))
      const spans = decoded.ok ? decoded.chunks.flat() : assert.fail("it is no v0.4 payload")
      assert.deepStrictEqual(spans.map(({ name }) => name), ["support", "model"])
      for (const span of spans) assert.isTrue(Object.hasOwn(span.metaStruct, "_llmobs"))
    }))
})
