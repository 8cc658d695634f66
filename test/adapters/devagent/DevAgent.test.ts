import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import { createHash } from "node:crypto"
import * as Fs from "node:fs"
import * as Http from "node:http"
import * as Net from "node:net"
import * as Os from "node:os"
import * as Path from "node:path"
import { gzipSync } from "node:zlib"
import * as DevAgent from "../../../src/adapters/devagent/DevAgent.ts"
import { send, sendEvp, sendTraces } from "./AgentClient.ts"
import * as Wire from "./WireBytes.ts"

const struct = Wire.map(["name", Wire.str("wf")], ["trace_id", Wire.str("ltrace")])

const llmSpan = (priority: number | undefined, ...fields: ReadonlyArray<Wire.Field>): Uint8Array =>
  Wire.span(
    ["meta_struct", Wire.map(["_llmobs", Wire.bin(struct)])],
    ...(priority === undefined
      ? []
      : [["metrics", Wire.map(["_sampling_priority_v1", Wire.float64(priority)])] as const]),
    ...fields
  )

const kept = Wire.payload(llmSpan(1))

const spanBody = "[{\"event_type\":\"span\",\"spans\":[{\"span_id\":\"9\",\"start_ns\":1790000000123456789}]}]"
const evalBody = "{\"data\":{\"type\":\"evaluation_metric\",\"attributes\":{\"metrics\":[{\"label\":\"a\"}]}}}"

describe("DevAgent", () => {
  describe("traces", () => {
    it.effect("takes traces by POST and PUT, answers with the rates, and keeps the event that rode them", () =>
      Effect.gen(function*() {
        const agent = yield* DevAgent.make({ rates: { "service:shop,env:": 0.5 } })
        for (const method of ["POST", "PUT"]) {
          const reply = yield* send(agent.url, "/v0.4/traces", {
            method,
            body: kept,
            headers: { "Content-Type": "application/msgpack", "X-Datadog-Trace-Count": "1" }
          })
          assert.strictEqual(reply.status, 200)
          assert.strictEqual(reply.headers["content-type"], "application/json")
          assert.deepStrictEqual(JSON.parse(reply.body), { rate_by_service: { "service:shop,env:": 0.5 } })
        }
        const [request, second] = agent.requests()
        assert.strictEqual(request?.method, "POST")
        assert.strictEqual(second?.method, "PUT")
        assert.strictEqual(request?.path, "/v0.4/traces")
        assert.strictEqual(request?.status, 200)
        assert.strictEqual(request?.headers["x-datadog-trace-count"], "1")
        assert.deepStrictEqual(new Uint8Array(request!.bytes), kept)
        assert.deepStrictEqual(request?.body, [agent.traces()[0]])
        assert.strictEqual(agent.traces().length, 2)
        assert.strictEqual(agent.traces()[0]![0]!.spanId, 9n)
        assert.deepStrictEqual(agent.events().map((event) => [event.via, event.spanId, event.traceId]), [
          ["trace", "9", "ltrace"],
          ["trace", "9", "ltrace"]
        ])
      }))

    it.effect("answers OK to traces of v0.3", () =>
      Effect.gen(function*() {
        const agent = yield* DevAgent.make()
        const reply = yield* sendTraces(agent.url, kept, {}, "/v0.3/traces")
        assert.strictEqual(reply.body, "OK\n")
        assert.strictEqual(agent.events().length, 1)
      }))

    it.effect("refuses a whole trace request over one wrong type, and passes none of it to the intake", () =>
      Effect.gen(function*() {
        const agent = yield* DevAgent.make()
        const rows: ReadonlyArray<readonly [Wire.Field, string]> = [
          [["meta_struct", Wire.map(["_llmobs", Wire.str("x")])], "meta_struct: _llmobs"],
          [["meta_struct", Wire.nil], "meta_struct"],
          [["span_links", Wire.nil], "span_links"],
          [["metrics", Wire.map(["cost", Wire.float32(1)])], "metrics: cost"],
          [["meta", Wire.map(["count", Wire.raw(1)])], "meta: count"],
          [["trace_id", Wire.float64(7)], "trace_id"],
          [["span_id", Wire.str("9")], "span_id"]
        ]
        for (const [field, place] of rows) {
          const reply = yield* sendTraces(agent.url, Wire.array(Wire.array(llmSpan(1)), Wire.array(llmSpan(1, field))))
          assert.strictEqual(reply.status, 400)
          assert.include(reply.body, `chunk 1: span 0: ${place}: `)
        }
        assert.strictEqual((yield* sendTraces(agent.url, Wire.raw())).status, 400)
        assert.deepStrictEqual(agent.events(), [])
        assert.deepStrictEqual(agent.traces(), [])
        assert.deepStrictEqual(new Set(agent.requests().map((request) => request.status)), new Set([400]))
        assert.instanceOf(agent.requests()[0]?.body, Uint8Array)
      }))

    it.effect("refuses traces without their content type", () =>
      Effect.gen(function*() {
        const agent = yield* DevAgent.make()
        for (const type of ["application/json", "application/x-msgpack", "text/plain", ""]) {
          assert.strictEqual((yield* sendTraces(agent.url, kept, { "content-type": type })).status, 400)
        }
        assert.strictEqual((yield* send(agent.url, "/v0.4/traces", { body: kept })).status, 400)
        assert.strictEqual(
          (yield* sendTraces(agent.url, kept, { "content-type": "Application/MsgPack; a=b" })).status,
          200
        )
      }))

    it.effect("drops a chunk that has a span id of zero or is empty, and keeps the others", () =>
      Effect.gen(function*() {
        const agent = yield* DevAgent.make()
        const reply = yield* sendTraces(
          agent.url,
          Wire.array(Wire.array(llmSpan(1, ["span_id", Wire.raw(0)])), Wire.array(), Wire.array(llmSpan(1)))
        )
        assert.strictEqual(reply.status, 200)
        assert.strictEqual(agent.traces().length, 3)
        assert.strictEqual(agent.events().length, 1)
        assert.deepStrictEqual(agent.counts().chunksBy, { zero_span_id: 1, empty_chunk: 1, kept: 1 })
      }))

    it.effect("drops a struct that a meta entry of the same name overwrites", () =>
      Effect.gen(function*() {
        const agent = yield* DevAgent.make()
        yield* sendTraces(agent.url, Wire.payload(llmSpan(1, ["meta", Wire.map(["_llmobs", Wire.str("")])])))
        assert.deepStrictEqual(agent.events(), [])
      }))

    it.effect("passes traces to the intake by their sampling priority, and answers 200 either way", () =>
      Effect.gen(function*() {
        const agent = yield* DevAgent.make()
        const failed = ["error", Wire.raw(1)] as const
        const arrivals = function*(...spans: ReadonlyArray<Uint8Array>) {
          agent.clear()
          assert.strictEqual((yield* sendTraces(agent.url, Wire.payload(...spans))).status, 200)
          return agent.events().length
        }
        assert.strictEqual(yield* arrivals(llmSpan(-1)), 0)
        assert.strictEqual(yield* arrivals(llmSpan(-1, failed)), 0)
        assert.strictEqual(yield* arrivals(llmSpan(0)), 0)
        assert.strictEqual(yield* arrivals(llmSpan(0, failed)), 1)
        assert.strictEqual(yield* arrivals(llmSpan(1)), 1)
        assert.strictEqual(yield* arrivals(llmSpan(2)), 1)
        assert.strictEqual(yield* arrivals(llmSpan(undefined)), 1)
        const chosen = ["metrics", Wire.map(["_dd.span_sampling.mechanism", Wire.raw(8)])] as const
        assert.strictEqual(yield* arrivals(llmSpan(0), llmSpan(undefined, ["parent_id", Wire.raw(9)], chosen)), 1)
      }))

    it.effect("passes ten traces without a priority each second, by Effect's clock", () =>
      Effect.gen(function*() {
        const agent = yield* DevAgent.make()
        const burst = Wire.array(...Array.from({ length: 15 }, () => Wire.array(llmSpan(undefined))))
        yield* sendTraces(agent.url, burst)
        assert.strictEqual(agent.events().length, 10)
        yield* TestClock.adjust("500 millis")
        yield* sendTraces(agent.url, burst)
        assert.strictEqual(agent.events().length, 15)
      }))

    it.effect("drops the traces that the Agent's own filters match, which /info lists", () =>
      Effect.gen(function*() {
        const agent = yield* DevAgent.make({
          ignoreResources: ["^GET /health$", "("],
          filterTags: { require: [], reject: ["env:dev"] }
        })
        yield* sendTraces(
          agent.url,
          Wire.array(
            Wire.array(llmSpan(1, ["resource", Wire.str("GET /health")])),
            Wire.array(llmSpan(1, ["meta", Wire.map(["env", Wire.str("dev")])])),
            Wire.array(llmSpan(1, ["meta", Wire.map(["env", Wire.str("prod")])]))
          )
        )
        assert.deepStrictEqual(agent.counts().chunksBy, { ignored_resource: 1, filtered_tag: 1, kept: 1 })
        const info = JSON.parse((yield* send(agent.url, "/info")).body)
        assert.deepStrictEqual(info.ignore_resources, ["^GET /health$", "("])
        assert.deepStrictEqual(info.filter_tags.reject, ["env:dev"])
      }))

    it.effect("answers 413 to traces at or above the size limit", () =>
      Effect.gen(function*() {
        const agent = yield* DevAgent.make({ maxRequestBytes: kept.length })
        const reply = yield* sendTraces(agent.url, kept)
        assert.strictEqual(reply.status, 413)
        assert.include(reply.body, "payload-too-large")
        assert.strictEqual(agent.requests()[0]?.status, 413)
        agent.configure({ maxRequestBytes: kept.length + 1 })
        assert.strictEqual((yield* sendTraces(agent.url, kept)).status, 200)
      }))

    it.effect("accepts a wrong trace count unless the test agent's rule is enabled", () =>
      Effect.gen(function*() {
        const agent = yield* DevAgent.make()
        const sent = (count: string) => sendTraces(agent.url, kept, { "x-datadog-trace-count": count })
        assert.strictEqual((yield* sent("5")).status, 200)
        agent.configure({ strictTraceCount: true })
        assert.strictEqual((yield* sent("5")).status, 400)
        assert.strictEqual((yield* sendTraces(agent.url, kept)).status, 400)
        assert.strictEqual((yield* sent("1")).status, 200)
        assert.strictEqual(agent.events().length, 2)
      }))

    it.effect("answers traces with the forced statuses in order, then with the usual answer", () =>
      Effect.gen(function*() {
        const agent = yield* DevAgent.make({ tracesStatus: [503, 200, 400] })
        const seen: Array<number> = []
        for (let i = 0; i < 4; i++) {
          seen.push((yield* sendTraces(agent.url, kept)).status)
        }
        assert.deepStrictEqual(seen, [503, 200, 400, 200])
        assert.strictEqual(agent.events().length, 2)
        assert.strictEqual(agent.traces().length, 2)
      }))

    it.effect("drops traces behind a 200 when decoders are busy, unless the real status is enabled", () =>
      Effect.gen(function*() {
        const agent = yield* DevAgent.make({ tracesStatus: 429 })
        assert.strictEqual((yield* sendTraces(agent.url, kept)).status, 200)
        const honest = yield* sendTraces(agent.url, kept, { "Datadog-Send-Real-Http-Status": "1" })
        assert.strictEqual(honest.status, 429)
        assert.property(JSON.parse(honest.body), "rate_by_service")
        assert.strictEqual(
          (yield* sendTraces(agent.url, kept, { "datadog-send-real-http-status": "false" })).status,
          200
        )
        assert.deepStrictEqual(agent.events(), [])
      }))

    it.effect("answers with empty rates when the client has the current ones", () =>
      Effect.gen(function*() {
        const agent = yield* DevAgent.make()
        const header = "datadog-rates-payload-version"
        const first = yield* sendTraces(agent.url, kept, { [header]: "none" })
        assert.property(JSON.parse(first.body), "rate_by_service")
        const current = String(first.headers[header])
        assert.strictEqual((yield* sendTraces(agent.url, kept, { [header]: current })).body, "{}")
        agent.configure({ rates: { "service:,env:": 0.25 } })
        assert.include((yield* sendTraces(agent.url, kept, { [header]: current })).body, "0.25")
      }))
  })

  describe("the EVP proxy", () => {
    it.effect("takes span events in every version of the EVP proxy, and reads their integers exactly", () =>
      Effect.gen(function*() {
        const agent = yield* DevAgent.make()
        for (const version of ["v1", "v2", "v3", "v4"]) {
          const reply = yield* sendEvp(agent.url, spanBody, {}, `/evp_proxy/${version}/api/v2/llmobs`)
          assert.strictEqual(reply.status, 202)
        }
        assert.strictEqual(agent.events().length, 4)
        assert.strictEqual(agent.events()[0]?.via, "evp")
        assert.strictEqual(agent.events()[0]?.event["start_ns"], 1790000000123456789n)
        assert.strictEqual(Buffer.from(agent.requests()[0]!.bytes).toString(), spanBody)
      }))

    it.effect("takes gzip at the EVP proxy", () =>
      Effect.gen(function*() {
        const agent = yield* DevAgent.make()
        const reply = yield* sendEvp(agent.url, gzipSync(spanBody), { "content-encoding": "gzip" })
        assert.strictEqual(reply.status, 202)
        assert.strictEqual(agent.events().length, 1)
        assert.deepStrictEqual(agent.requests()[0]?.body, [{
          event_type: "span",
          spans: [{ span_id: "9", start_ns: 1790000000123456789n }]
        }])
      }))

    it.effect("takes evaluations at the EVP proxy, and keeps them", () =>
      Effect.gen(function*() {
        const agent = yield* DevAgent.make()
        const path = "/evp_proxy/v2/api/intake/llm-obs/v2/eval-metric"
        const reply = yield* sendEvp(agent.url, evalBody, { "x-datadog-evp-subdomain": "api" }, path)
        assert.strictEqual(reply.status, 202)
        assert.strictEqual(agent.counts().evaluations, 1)
        assert.deepStrictEqual(agent.requests()[0]?.body, JSON.parse(evalBody))
        assert.deepStrictEqual(agent.events(), [])
      }))

    it.effect("answers 502 with an empty body to EVP requests that it does not forward", () =>
      Effect.gen(function*() {
        const agent = yield* DevAgent.make()
        const path = "/evp_proxy/v2/api/v2/llmobs"
        const rows: ReadonlyArray<readonly [string, Http.OutgoingHttpHeaders]> = [
          [path, {}],
          [path, { "x-datadog-evp-subdomain": "" }],
          [path, { "x-datadog-evp-subdomain": "a/b" }],
          ["/evp_proxy/v2/api/v2/llm.obs", { "x-datadog-evp-subdomain": "llmobs-intake" }],
          ["/evp_proxy/v2/api/v2/llm:obs", { "x-datadog-evp-subdomain": "llmobs-intake" }],
          ["/evp_proxy/v2/api/v2/llm%20obs", { "x-datadog-evp-subdomain": "llmobs-intake" }],
          [`${path}?a=1,2`, { "x-datadog-evp-subdomain": "llmobs-intake" }]
        ]
        for (const [target, headers] of rows) {
          const reply = yield* send(agent.url, target, { body: spanBody, headers })
          assert.strictEqual(reply.status, 502)
          assert.strictEqual(reply.body, "")
        }
        assert.deepStrictEqual(agent.events(), [])
      }))

    it.effect("answers EVP bodies with 502 from 10 MiB on, and with the intake's 413 above 5 MiB", () =>
      Effect.gen(function*() {
        const agent = yield* DevAgent.make()
        const ofSize = (bytes: number) => Buffer.alloc(bytes, " ").fill("[]", 0, 2)
        const huge = yield* sendEvp(agent.url, ofSize(10 * 1024 * 1024))
        assert.strictEqual(huge.status, 502)
        assert.strictEqual(huge.body, "")
        assert.strictEqual((yield* sendEvp(agent.url, ofSize(5_242_881))).status, 413)
        assert.strictEqual((yield* sendEvp(agent.url, ofSize(5_242_880))).status, 202)
      }))

    it.effect("passes on the intake's answers to bad bodies and unknown paths", () =>
      Effect.gen(function*() {
        const agent = yield* DevAgent.make()
        assert.strictEqual((yield* sendEvp(agent.url, "nonsense")).status, 400)
        assert.strictEqual((yield* sendEvp(agent.url, "{}", {}, "/evp_proxy/v2/api/v3/other")).status, 404)
        assert.strictEqual((yield* sendEvp(agent.url, spanBody, { "x-datadog-evp-subdomain": "api" })).status, 404)
        assert.deepStrictEqual(agent.events(), [])
      }))

    it.effect("answers 405 when the EVP proxy is disabled, which /info still lists", () =>
      Effect.gen(function*() {
        const agent = yield* DevAgent.make({ evpDisabled: true })
        assert.strictEqual((yield* sendEvp(agent.url, spanBody)).status, 405)
        assert.include(JSON.parse((yield* send(agent.url, "/info")).body).endpoints, "/evp_proxy/v2/")
      }))

    it.effect("answers EVP requests with the forced statuses and headers in order, and keeps none of them", () =>
      Effect.gen(function*() {
        const agent = yield* DevAgent.make({ evpStatus: [429, 500], evpHeaders: { "retry-after": "7" } })
        const first = yield* sendEvp(agent.url, spanBody)
        assert.strictEqual(first.status, 429)
        assert.strictEqual(first.headers["retry-after"], "7")
        assert.strictEqual((yield* sendEvp(agent.url, spanBody)).status, 500)
        assert.deepStrictEqual(agent.events(), [])
        const third = yield* sendEvp(agent.url, spanBody)
        assert.strictEqual(third.status, 202)
        assert.isUndefined(third.headers["retry-after"])
        assert.strictEqual(agent.events().length, 1)
        agent.configure({ evpStatus: 403 })
        for (let i = 0; i < 3; i++) {
          assert.strictEqual((yield* sendEvp(agent.url, spanBody)).status, 403)
        }
      }))

    it.effect("can lose the answer to an EVP request that it delivered", () =>
      Effect.gen(function*() {
        const agent = yield* DevAgent.make({ evpStatus: [502, 0], tracesStatus: [0], deliverRefused: true })
        assert.strictEqual((yield* sendEvp(agent.url, spanBody)).status, 502)
        const lost = yield* Effect.flip(sendEvp(agent.url, spanBody))
        assert.strictEqual(lost.code, "ECONNRESET")
        assert.strictEqual((yield* Effect.flip(sendTraces(agent.url, kept))).code, "ECONNRESET")
        assert.deepStrictEqual(agent.events().map((event) => event.via), ["evp", "evp", "trace"])
        assert.deepStrictEqual(agent.requests().map((request) => request.status), [502, 0, 0])
      }))
  })

  describe("the intake", () => {
    it.effect("takes events and evaluations that come with a key, below any base path", () =>
      Effect.gen(function*() {
        const agent = yield* DevAgent.make()
        const headers = { "dd-api-key": "any" }
        assert.strictEqual((yield* send(agent.url, "/base/api/v2/llmobs", { body: spanBody, headers })).status, 202)
        const path = "/api/intake/llm-obs/v2/eval-metric"
        assert.strictEqual((yield* send(agent.url, path, { body: evalBody, headers })).status, 202)
        assert.strictEqual((yield* send(agent.url, "/api/v2/llmobs", { body: spanBody })).status, 403)
        assert.deepStrictEqual(agent.events().map((event) => event.via), ["direct"])
        assert.strictEqual(agent.counts().evaluations, 1)
      }))
  })

  describe("/info", () => {
    it.effect("answers /info with its capabilities, and every response with its state", () =>
      Effect.gen(function*() {
        const agent = yield* DevAgent.make()
        const reply = yield* send(agent.url, "/info")
        const info = JSON.parse(reply.body)
        assert.isTrue(info.span_meta_structs)
        assert.isTrue(info.client_drop_p0s)
        assert.isTrue(info.span_events)
        assert.include(info.endpoints, "/v0.4/traces")
        assert.include(info.endpoints, "/evp_proxy/v2/")
        assert.strictEqual(info.config.receiver_port, agent.port)
        assert.strictEqual(info.config.max_request_bytes, 26_214_400)
        const state = createHash("sha256").update(reply.body).digest("hex")
        assert.strictEqual(reply.headers["datadog-agent-state"], state)
        const traces = yield* sendTraces(agent.url, kept)
        assert.strictEqual(traces.headers["datadog-agent-state"], state)
        assert.strictEqual(traces.headers["datadog-agent-version"], info.version)
        agent.configure({ clientDropP0s: false, spanMetaStructs: false })
        const later = yield* send(agent.url, "/info")
        assert.notStrictEqual(later.headers["datadog-agent-state"], state)
        assert.isFalse(JSON.parse(later.body).client_drop_p0s)
        assert.isFalse(JSON.parse(later.body).span_meta_structs)
      }))

    it.effect("can hide /info, fail it for a while, or omit capabilities that older Agents lack", () =>
      Effect.gen(function*() {
        const agent = yield* DevAgent.make({ infoStatus: [500], info: { span_meta_structs: undefined, extra: 1 } })
        assert.strictEqual((yield* send(agent.url, "/info")).status, 500)
        const info = JSON.parse((yield* send(agent.url, "/info")).body)
        assert.notProperty(info, "span_meta_structs")
        assert.strictEqual(info.extra, 1)
        agent.configure({ infoStatus: 404 })
        assert.strictEqual((yield* send(agent.url, "/info")).status, 404)
        assert.strictEqual((yield* send(agent.url, "/info")).status, 404)
      }))

    it.effect("answers 404 on paths that /info does not list", () =>
      Effect.gen(function*() {
        const agent = yield* DevAgent.make({ endpoints: ["/v0.3/traces", "/evp_proxy/v4"] })
        assert.strictEqual((yield* sendTraces(agent.url, kept)).status, 404)
        assert.strictEqual((yield* sendTraces(agent.url, kept, {}, "/v0.3/traces")).status, 200)
        assert.strictEqual((yield* sendEvp(agent.url, spanBody)).status, 404)
        assert.strictEqual((yield* sendEvp(agent.url, spanBody, {}, "/evp_proxy/v4/api/v2/llmobs")).status, 202)
        assert.strictEqual((yield* send(agent.url, "/v0.6/stats", { body: "" })).status, 404)
      }))
  })

  it.effect("refuses requests that a browser made from another site", () =>
    Effect.gen(function*() {
      const agent = yield* DevAgent.make()
      assert.strictEqual((yield* sendTraces(agent.url, kept, { "sec-fetch-site": "cross-site" })).status, 403)
      assert.strictEqual((yield* sendTraces(agent.url, kept, { "sec-fetch-site": "same-origin" })).status, 200)
      assert.strictEqual(agent.events().length, 1)
    }))

  it.effect("keeps a bounded number of requests and events, and counts the rest", () =>
    Effect.gen(function*() {
      const agent = yield* DevAgent.make({ maxRequests: 2, maxEvents: 1 })
      for (let i = 0; i < 3; i++) {
        yield* sendTraces(agent.url, kept)
      }
      assert.strictEqual(agent.requests().length, 2)
      assert.strictEqual(agent.traces().length, 2)
      assert.strictEqual(agent.events().length, 1)
      const counts = agent.counts()
      assert.strictEqual(counts.requests, 3)
      assert.strictEqual(counts.requestsEvicted, 1)
      assert.strictEqual(counts.chunks, 3)
      assert.strictEqual(counts.spans, 3)
      assert.strictEqual(counts.events.evicted, 2)
      agent.clear()
      assert.deepStrictEqual(agent.requests(), [])
      assert.deepStrictEqual(agent.events(), [])
      assert.strictEqual(agent.counts().requests, 0)
      assert.deepStrictEqual(agent.counts().chunksBy, {})
    }))

  it.effect("answers many requests on one connection, also delayed ones", () =>
    Effect.gen(function*() {
      const agent = yield* DevAgent.make({ latencyMillis: 1 })
      const pool = new Http.Agent({ keepAlive: true, maxSockets: 1 })
      for (let i = 0; i < 3; i++) {
        const reply = yield* send(agent.url, "/v0.4/traces", {
          agent: pool,
          body: kept,
          headers: { "content-type": "application/msgpack" }
        })
        assert.strictEqual(reply.status, 200)
      }
      assert.strictEqual(agent.events().length, 3)
      pool.destroy()
    }))

  it.effect("closes idle and half-sent connections with its scope", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const agent = yield* Scope.provide(DevAgent.make(), scope)
      const pool = new Http.Agent({ keepAlive: true })
      yield* send(agent.url, "/info", { agent: pool })
      const half = yield* Effect.callback<Net.Socket>((resume) => {
        const socket = Net.connect(agent.port, "127.0.0.1", () => {
          socket.write("POST /v0.4/traces HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nabc")
          resume(Effect.succeed(socket))
        })
      })
      const ended = new Promise<void>((resolve) => {
        half.on("error", () => {})
        half.on("close", () => resolve())
      })
      yield* Scope.close(scope, Exit.void)
      yield* Effect.promise(() => ended)
      assert.strictEqual((yield* Effect.flip(send(agent.url, "/info"))).code, "ECONNREFUSED")
      pool.destroy()
    }))

  it.effect("fails with a stable code when its address is in use or impossible", () =>
    Effect.gen(function*() {
      const agent = yield* DevAgent.make()
      const taken = yield* Effect.flip(DevAgent.make({ port: agent.port }))
      assert.strictEqual(taken._tag, "DevAgentError")
      assert.strictEqual(taken.code, "address_in_use")
      assert.include(taken.message, "address_in_use")
      assert.strictEqual((yield* Effect.flip(DevAgent.make({ port: 70_000 }))).code, "bind_failed")
      const nowhere = Path.join(Os.tmpdir(), "no-such-directory", "agent.sock")
      assert.match((yield* Effect.flip(DevAgent.make({ socketPath: nowhere }))).code, /permission_denied|bind_failed/)
    }))

  it.effect("listens on a unix socket", () =>
    Effect.gen(function*() {
      const directory = yield* Effect.acquireRelease(
        Effect.sync(() => Fs.mkdtempSync(Path.join(Os.tmpdir(), "devagent-"))),
        (path) => Effect.sync(() => Fs.rmSync(path, { recursive: true }))
      )
      const socketPath = Path.join(directory, "apm.socket")
      const agent = yield* DevAgent.make({ socketPath })
      assert.strictEqual(agent.url, `unix://${socketPath}`)
      assert.strictEqual(agent.port, 0)
      assert.strictEqual((yield* sendTraces(agent.url, kept)).status, 200)
      assert.strictEqual((yield* sendEvp(agent.url, spanBody)).status, 202)
      assert.strictEqual(JSON.parse((yield* send(agent.url, "/info")).body).config.receiver_socket, socketPath)
      assert.strictEqual(agent.events().length, 2)
    }))
})
