import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as FetchTransport from "../../../src/adapters/fetch-transport/FetchTransport.ts"
import type { Target } from "../../../src/ports/Transport.ts"
import * as Ports from "../../layers/Ports.ts"
import { portOf, request, serve } from "../TransportTrial.ts"

const transport = FetchTransport.make()

describe("FetchTransport", () => {
  it.live("sends method, path, headers and body, and returns the whole answer", () =>
    Effect.gen(function*() {
      const seen: Array<unknown> = []
      const server = yield* serve((incoming, response) => {
        const parts: Array<Buffer> = []
        incoming.on("data", (part: Buffer) => parts.push(part))
        incoming.on("end", () => {
          const { "content-length": length, "x-a": header } = incoming.headers
          seen.push([incoming.method, incoming.url, header, length, Buffer.concat(parts).toString()])
          response.writeHead(207, { "x-b": ["1", "2"] }).end("answer: é")
        })
      })
      const target = { protocol: "http", host: "127.0.0.1", port: portOf(server), basePath: "/base" } as const
      const outcome = yield* transport.send(request(0, { target, headers: { "x-a": "1" } }))
      const read = yield* transport.send(request(0, { target, method: "GET", body: undefined }))
      assert.deepStrictEqual(seen, [["POST", "/base/x", "1", "2", "{}"], ["GET", "/base/x", undefined, undefined, ""]])
      assert.deepInclude(outcome, { _tag: "Answer", status: 207, body: "answer: é" })
      assert.strictEqual(outcome._tag === "Answer" ? outcome.headers["x-b"] : "", "1, 2")
      assert.strictEqual(read._tag, "Answer")
    }))

  it.live("calls a refused connection definite, and a connection that is cut ambiguous", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* transport.send(request(yield* Ports.reserve)), {
        _tag: "Failure",
        bytesWritten: false,
        reason: "ECONNREFUSED"
      })
      const dropping = yield* serve((incoming) => incoming.socket.destroy())
      const dropped = yield* transport.send(request(portOf(dropping)))
      assert.isTrue(dropped._tag === "Failure" && dropped.bytesWritten)
      const cutting = yield* serve((incoming, response) => {
        response.writeHead(200, { "content-length": "100" })
        response.write("half", () => incoming.socket.destroy())
      })
      const cut = yield* transport.send(request(portOf(cutting)))
      assert.isTrue(cut._tag === "Failure" && cut.bytesWritten)
    }))

  it.live("gives up at the timeout, and reports that the receiver may have read the request", () =>
    Effect.gen(function*() {
      const silent = yield* serve(() => {})
      assert.deepStrictEqual(yield* transport.send(request(portOf(silent), { timeoutMillis: 30 })), {
        _tag: "Failure",
        bytesWritten: true,
        reason: "ETIMEDOUT"
      })
    }))

  it.live("aborts a request whose fiber is interrupted", () =>
    Effect.gen(function*() {
      const abortion = Promise.withResolvers<void>()
      const arrival = Promise.withResolvers<void>()
      const server = yield* serve((incoming) => {
        incoming.on("close", () => abortion.resolve())
        arrival.resolve()
      })
      const fiber = yield* Effect.forkChild(transport.send(request(portOf(server))))
      yield* Effect.promise(() => arrival.promise)
      yield* Fiber.interrupt(fiber)
      yield* Effect.promise(() => abortion.promise)
    }))

  it.live("keeps at most 64 KiB of an answer, or what the request names", () =>
    Effect.gen(function*() {
      const server = yield* serve((_, response) => response.end("x".repeat(1_000_000)))
      const sizes = yield* Effect.forEach([undefined, 10], (maxBodyBytes) =>
        Effect.map(transport.send(request(portOf(server), { maxBodyBytes })), (outcome) =>
          outcome._tag === "Answer" ? outcome.body.length : 0))
      assert.deepStrictEqual(sizes, [64 * 1024, 10])
    }))

  it.live("returns a redirect as it came instead of following it", () =>
    Effect.gen(function*() {
      let asked = 0
      const server = yield* serve((_, response) => {
        asked++
        response.writeHead(307, { location: "/elsewhere" }).end()
      })
      const outcome = yield* transport.send(request(portOf(server)))
      assert.deepStrictEqual([outcome._tag === "Answer" ? outcome.status : 0, asked], [307, 1])
    }))

  it.live("refuses what it must not or cannot send, without asking fetch", () =>
    Effect.gen(function*() {
      let asked = 0
      const counting = FetchTransport.make((...args) => {
        asked++
        return fetch(...args)
      })
      const elsewhere: Target = { protocol: "http", host: "intake.example", port: 80, basePath: "" }
      const reasons = yield* Effect.forEach([
        request(0, { headers: { "dd-api-key": "secret" }, target: elsewhere }),
        request(0, { target: { ...elsewhere, socketPath: "/agent.sock" } }),
        request(1, { headers: { "bad name": "x" } }),
        request(1, { headers: { "x-a": "line\nbreak" } }),
        request(99_999)
      ], (made) =>
        Effect.map(counting.send(made), (outcome) =>
          outcome._tag === "Failure" && !outcome.bytesWritten ? outcome.reason : "sent"))
      assert.deepStrictEqual(reasons, [
        "INSECURE",
        "UNIX_SOCKET",
        "INVALID_REQUEST",
        "INVALID_REQUEST",
        "INVALID_REQUEST"
      ])
      assert.strictEqual(asked, 0)
    }))

  it.live("takes a fetch that throws, or that fails with anything, for ambiguous", () =>
    Effect.gen(function*() {
      const throwing = FetchTransport.make(() => {
        throw new Error("no")
      })
      const failing = FetchTransport.make(() => Promise.reject(null as unknown as Error))
      for (const broken of [throwing, failing]) {
        assert.deepStrictEqual(yield* broken.send(request(1)), {
          _tag: "Failure",
          bytesWritten: true,
          reason: "UNKNOWN"
        })
      }
    }))
})
