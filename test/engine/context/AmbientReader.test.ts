import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Problems from "../../../src/domain/Problem.ts"
import { defaults } from "../../../src/domain/propagation/PropagationStyle.ts"
import * as Diagnostics from "../../../src/engine/books/Diagnostics.ts"
import * as AmbientReader from "../../../src/engine/context/AmbientReader.ts"
import * as RequestContext from "../../../src/engine/context/RequestContext.ts"
import { CurrentAmbient } from "../../../src/ports/AmbientContext.ts"
import * as ContextReader from "../../../src/ports/ContextReader.ts"
import type { HostContext, IncomingRequest } from "../../../src/ports/IncomingRequest.ts"
import { CurrentRequestSession } from "../../../src/ports/IncomingRequest.ts"

const request = (
  headers: { readonly [name: string]: string },
  session?: IncomingRequest["session"]
): IncomingRequest & { readonly asked: Array<string> } => {
  const asked: Array<string> = []
  return {
    asked,
    headers: (name) => {
      asked.push(name)
      return headers[name]
    },
    info: { method: "GET", path: "/" },
    session
  }
}

const scene = (options: {
  readonly request?: IncomingRequest | undefined
  readonly host?: HostContext | undefined
}) => {
  const lines: Array<string> = []
  const diagnostics = Diagnostics.make((line) => lines.push(line))
  const reader = AmbientReader.make({
    settings: defaults,
    diagnostics,
    requests: [{ find: () => undefined }, { find: () => options.request }],
    host: { find: () => options.host }
  })
  return { lines, diagnostics, current: Effect.withFiber((fiber) => Effect.succeed(reader.current(fiber))) }
}

const around = (headers: { readonly [name: string]: string }): HostContext => ({
  headers: (name) => headers[name],
  trace: headers["traceparent"] !== undefined,
  baggage: headers["baggage"] !== undefined
})

const traceparent = "00-0000000000000000000000000000000a-000000000000000b-01"

describe("AmbientReader", () => {
  it.effect("reads no context when there is no source", () =>
    Effect.gen(function*() {
      assert.isUndefined(yield* scene({}).current)
    }))

  it.effect("parses a request once for any number of reads, and reports at most one problem of it", () =>
    Effect.gen(function*() {
      const bad = request({ baggage: "session.id=s-1,=,\u0000", traceparent: "00-x" })
      const { current, diagnostics } = scene({ request: bad })
      const first = yield* current
      const asked = bad.asked.length
      assert.strictEqual(yield* current, first)
      assert.strictEqual(bad.asked.length, asked)
      assert.strictEqual(first?.labels.rum?.sessionId, "s-1")
      assert.strictEqual([...diagnostics.counts().values()].reduce((sum, count) => sum + count, 0), 1)
    }))

  it.effect("asks for the session until it is known, and reports a bad one once", () =>
    Effect.gen(function*() {
      let session: Problems.Checked<string | undefined> | undefined
      const { current, diagnostics } = scene({ request: request({}, () => session) })
      assert.isUndefined((yield* current)?.labels.request)
      session = Problems.ok("s-1")
      const known = yield* current
      assert.strictEqual(known?.labels.request?.sessionId, "s-1")
      assert.strictEqual(yield* current, known)
      session = { value: undefined, problems: [Problems.make("invalid_session_id", "Bad.")] }
      assert.isUndefined((yield* current)?.labels.request)
      yield* current
      assert.strictEqual(diagnostics.counts().get("invalid_session_id"), 1)
    }))

  it.effect("uses a session that was read ahead, with and without a request", () =>
    Effect.gen(function*() {
      const ahead = Effect.provideService(CurrentRequestSession, Problems.ok("s-1"))
      assert.strictEqual((yield* ahead(scene({}).current))?.labels.request?.sessionId, "s-1")
      const both = scene({ request: request({ baggage: "session.id=rum" }) })
      const ambient = yield* ahead(both.current)
      assert.deepStrictEqual([ambient?.labels.request?.sessionId, ambient?.labels.rum?.sessionId], ["s-1", "rum"])
    }))

  it.effect("uses a region's own context alone", () =>
    Effect.gen(function*() {
      const { current } = scene({ request: request({ traceparent }), host: around({ traceparent }) })
      const given = yield* Effect.provideService(current, CurrentAmbient, RequestContext.nothing)
      assert.strictEqual(given, RequestContext.nothing)
    }))

  it.effect("prefers another tracer's context, and takes the rest from the request", () =>
    Effect.gen(function*() {
      const incoming = request({
        "x-datadog-trace-id": "99",
        "x-datadog-parent-id": "98",
        "baggage": "session.id=s-1,user.id=u-1"
      })
      const trace = yield* scene({ request: incoming, host: around({ traceparent }) }).current
      assert.strictEqual(trace?.upstream?.traceId, "0000000000000000000000000000000a")
      assert.strictEqual(trace?.upstream?.links.length, 0)
      assert.strictEqual(trace?.labels.rum?.sessionId, "s-1")
      assert.strictEqual(trace?.request, incoming.info)
      const baggage = yield* scene({ request: incoming, host: around({ baggage: "user.id=u-2" }) }).current
      assert.strictEqual(baggage?.upstream?.traceId, "00000000000000000000000000000063")
      assert.deepStrictEqual([baggage?.labels.rum?.sessionId, baggage?.labels.rum?.userId], [undefined, "u-2"])
    }))

  it.effect("keeps two requests in one host context apart", () =>
    Effect.gen(function*() {
      const host = around({ traceparent })
      let incoming = request({ baggage: "session.id=s-1" })
      const reader = AmbientReader.make({
        settings: defaults,
        diagnostics: Diagnostics.make(() => undefined),
        requests: [{ find: () => incoming }],
        host: { find: () => host }
      })
      const current = Effect.withFiber((fiber) => Effect.succeed(reader.current(fiber)))
      assert.strictEqual((yield* current)?.labels.rum?.sessionId, "s-1")
      incoming = request({ baggage: "session.id=s-2" })
      assert.strictEqual((yield* current)?.labels.rum?.sessionId, "s-2")
    }))

  it.effect("reads no context when a source throws, and counts the defect", () =>
    Effect.gen(function*() {
      const diagnostics = Diagnostics.make(() => undefined)
      const reader = AmbientReader.make({
        settings: defaults,
        diagnostics,
        requests: [{
          find: () => {
            throw new Error("no")
          }
        }]
      })
      assert.isUndefined(yield* Effect.withFiber((fiber) => Effect.succeed(reader.current(fiber))))
      assert.strictEqual(diagnostics.counts().get("defect:ambient"), 1)
    }))

  it("looks once for the request of a region's context, and each time for the active one", () => {
    let looks = 0
    const seen: Array<IncomingRequest> = []
    const reader = AmbientReader.make({
      settings: defaults,
      diagnostics: Diagnostics.make(() => {}),
      requests: [{ find: () => (looks++, undefined), active: () => seen.at(-1) }]
    })
    const context = ContextReader.make(Context.empty())
    const region = {}
    assert.isUndefined(reader.current(context, region))
    seen.push(request({}))
    assert.strictEqual(reader.current(context, region)?.request, seen[0]!.info)
    assert.strictEqual(looks, 1)
    assert.strictEqual(reader.current(context, {})?.request, seen[0]!.info)
    assert.strictEqual(reader.current(context)?.request, seen[0]!.info)
    assert.strictEqual(looks, 3)
  })
})
