import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { spawn } from "node:child_process"
import * as Driver from "../../parametric/Driver.ts"
import * as DevAgent from "../../src/adapters/devagent/DevAgent.ts"
import * as Ports from "../layers/Ports.ts"

describe("the parametric server", () => {
  it.live("answers 404 to unknown paths, and 405 to a method that a path does not take", () =>
    Driver.drive({}, (driver) =>
      Effect.gen(function*() {
        assert.strictEqual((yield* driver.send("GET", "/non-existent")).status, 404)
        assert.strictEqual((yield* driver.send("POST", "/trace/span")).status, 404)
        assert.strictEqual((yield* driver.send("GET", "/trace/span/start")).status, 405)
      })))

  const malformed: ReadonlyArray<readonly [path: string, body: unknown, reason: RegExp]> = [
    ["/llm_observability/trace", "{\"trace_structure_request\":", /not JSON/],
    ["/llm_observability/trace", "[]", /not a JSON object/],
    ["/llm_observability/trace", {}, /trace_structure_request is missing/],
    ["/llm_observability/trace", { trace_structure_request: { type: "span", sdk: "llmobs" } }, /kind is missing/],
    ["/llm_observability/trace", { trace_structure_request: { type: "span", kind: "poem" } }, /kind is not one of/],
    ["/llm_observability/trace", { trace_structure_request: { type: "spam" } }, /type is not one of/],
    [
      "/llm_observability/trace",
      { trace_structure_request: { kind: "task", children: {} } },
      /children is not an array/
    ],
    ["/llm_observability/trace", { trace_structure_request: { kind: "task", children: [7] } }, /node is not an object/],
    ["/llm_observability/trace", { trace_structure_request: { kind: "task", name: 7 } }, /name is not a string/],
    ["/trace/span/start", {}, /name is missing/],
    ["/trace/span/start", { name: "a", parent_id: "abc" }, /parent_id is not an id/],
    ["/trace/span/start", { name: "a", parent_id: 99 }, /no span 99/],
    ["/trace/span/start", { name: "a", span_tags: [["a"]] }, /array of pairs/],
    ["/trace/span/finish", { span_id: 12 }, /no span 12/],
    ["/trace/span/set_metric", { span_id: 12, key: "k", value: "v" }, /value is not a number/],
    ["/trace/span/set_baggage", { span_id: 12, key: "k" }, /value is missing/],
    ["/trace/span/extract_headers", { http_headers: [["baggage", 1]] }, /array of pairs/]
  ]

  for (const [path, body, reason] of malformed) {
    it.live(`answers a malformed request with 400 and a reason, and continues to serve: ${path} ${JSON.stringify(body)}`, () =>
      Driver.drive({}, (driver) =>
        Effect.gen(function*() {
          const answer = yield* driver.send("POST", path, body)
          assert.strictEqual(answer.status, 400)
          assert.match(answer.body.error, reason)
          yield* driver.start("after")
        })))
  }

  it.live("reads ids of 64 bits exactly, as integers, decimal texts or hexadecimal ones", () =>
    Driver.drive({}, (driver) =>
      Effect.gen(function*() {
        const id = "13835058055282163713"
        const { span_id } = yield* driver.command("/trace/span/extract_headers", {
          http_headers: [["x-datadog-trace-id", "9223372036854775809"], ["x-datadog-parent-id", id]]
        })
        assert.strictEqual(span_id, id)
        for (const written of [id, `"${id}"`, "\"0xC000000000000001\""]) {
          const { span_id: child, trace_id } = (yield* driver.send(
            "POST",
            "/trace/span/start",
            `{"name":"child","parent_id":${written}}`
          )).body
          assert.strictEqual(trace_id, "9223372036854775809")
          yield* driver.command("/trace/span/finish", `{"span_id":${child}}`)
        }
        assert.deepStrictEqual((yield* driver.spans).map((span) => span.parentId), [BigInt(id), BigInt(id), BigInt(id)])
      })))

  it.live("answers the flushes of OpenTelemetry and of statistics that every group of plain spans requests", () =>
    Driver.drive({}, (driver) =>
      Effect.gen(function*() {
        assert.deepStrictEqual(yield* driver.command("/trace/otel/flush", { seconds: 1 }), { success: true })
        assert.deepStrictEqual(yield* driver.command("/trace/stats/flush"), {})
      })))

  it.live("forgets its spans with a flush", () =>
    Driver.drive({}, (driver) =>
      Effect.gen(function*() {
        const span = yield* driver.start("gone")
        yield* driver.command("/trace/span/finish", { span_id: span })
        yield* driver.command("/trace/span/flush")
        assert.strictEqual((yield* driver.send("POST", "/trace/span/finish", { span_id: span })).status, 400)
      })))
})

const untilReady = async (port: number): Promise<void> => {
  for (let i = 0; i < 2_000; i++) {
    const status = await Driver.send(port, "GET", "/non-existent").then((answer) => answer.status, () => undefined)
    if (status === 404) return
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  assert.fail("The server did not get ready.")
}

describe("the parametric process", () => {
  it.live("reads its configuration from the environment, and sends its spans when it is told to end", () =>
    Effect.scoped(Effect.gen(function*() {
      const agent = yield* DevAgent.make()
      const port = yield* Ports.reserve
      const child = yield* Effect.acquireRelease(
        Effect.sync(() =>
          spawn(
            process.execPath,
            ["--conditions=effect-llmobs-source", "--disable-warning=ExperimentalWarning", "parametric/main.ts"],
            {
              env: {
                PATH: process.env["PATH"],
                APM_TEST_CLIENT_SERVER_PORT: String(port),
                DD_TRACE_AGENT_URL: agent.url,
                DD_LLMOBS_ENABLED: "True",
                DD_LLMOBS_ML_APP: "named",
                DD_SERVICE: "test-service",
                // It would not be sent before the process has ended but for the signal.
                _DD_LLMOBS_WRITER_INTERVAL: "600"
              },
              stdio: "ignore"
            }
          )
        ),
        (process) => Effect.sync(() => process.kill("SIGKILL"))
      )
      const ended = new Promise<number | null>((resolve) => child.once("exit", resolve))
      yield* Effect.promise(() => untilReady(port))
      const answer = yield* Effect.promise(() =>
        Driver.send(port, "POST", "/llm_observability/trace", {
          trace_structure_request: { type: "span", sdk: "llmobs", kind: "task" }
        })
      )
      assert.strictEqual(answer.status, 200)
      assert.deepStrictEqual(agent.events(), [])
      child.kill("SIGTERM")
      assert.strictEqual(yield* Effect.promise(() => ended), 0)
      assert.deepStrictEqual(agent.events().map((received) => received.event["name"]), ["task"])
    })))
})
