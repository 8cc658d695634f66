import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import * as Os from "node:os"
import * as Path from "node:path"
import * as NodeTransport from "../../../src/adapters/node-transport/NodeTransport.ts"
import * as Ports from "../../layers/Ports.ts"
import { portOf, request, serve } from "../TransportTrial.ts"

describe("NodeTransport", () => {
  it.live("sends method, path, headers and body, and returns the whole answer", () =>
    Effect.gen(function*() {
      const seen: Array<unknown> = []
      const server = yield* serve((incoming, response) => {
        const parts: Array<Buffer> = []
        incoming.on("data", (part: Buffer) => parts.push(part))
        incoming.on("end", () => {
          seen.push([incoming.method, incoming.url, incoming.headers["x-a"], Buffer.concat(parts).toString()])
          response.writeHead(207, { "x-b": ["1", "2"] }).end("answer")
        })
      })
      const transport = yield* NodeTransport.make()
      const target = { protocol: "http", host: "127.0.0.1", port: portOf(server), basePath: "/base" } as const
      const outcome = yield* transport.send(request(0, { target, headers: { "x-a": "1" } }))
      assert.deepStrictEqual(seen, [["POST", "/base/x", "1", "{}"]])
      assert.strictEqual(outcome._tag, "Answer")
      if (outcome._tag === "Answer") {
        assert.deepStrictEqual([outcome.status, outcome.headers["x-b"], outcome.body], [207, "1, 2", "answer"])
      }
    }))

  it.live("keeps connections alive, and closes them with its scope", () =>
    Effect.gen(function*() {
      const ports = new Set<number | undefined>()
      const server = yield* serve((incoming, response) => {
        ports.add(incoming.socket.remotePort)
        response.end()
      })
      const scope = yield* Scope.make()
      const transport = yield* Scope.provide(NodeTransport.make(), scope)
      for (let turn = 0; turn < 20; turn++) yield* transport.send(request(portOf(server)))
      // An answer is given before its connection is back in the pool, so the next request may open another one.
      assert.isAtMost(ports.size, 2)
      yield* Scope.close(scope, Exit.void)
      const connections = yield* Effect.callback<number>((resume) => {
        const ask = (left: number) =>
          server.getConnections((_, count) =>
            count === 0 || left === 0 ? resume(Effect.succeed(count)) : setImmediate(() => ask(left - 1))
          )
        ask(5_000)
      })
      assert.strictEqual(connections, 0)
    }))

  it.live("closes an idle connection before the receiver does, and no connection that waits for its answer", () =>
    Effect.gen(function*() {
      const closed = yield* Deferred.make<void>()
      const server = yield* serve((incoming, response) => {
        // Longer than a connection may be idle.
        setTimeout(() => response.end(), 60)
        incoming.socket.once("close", () => Deferred.doneUnsafe(closed, Effect.void))
      })
      server.keepAliveTimeout = 0
      const transport = yield* NodeTransport.make({ idleMillis: 20 })
      const outcome = yield* transport.send(request(portOf(server)))
      assert.strictEqual(outcome._tag, "Answer")
      yield* Deferred.await(closed)
    }))

  it.live("distinguishes a failure before a byte was written from one after it", () =>
    Effect.gen(function*() {
      const closed = yield* Ports.reserve
      const transport = yield* NodeTransport.make()
      assert.deepStrictEqual(yield* transport.send(request(closed)), {
        _tag: "Failure",
        bytesWritten: false,
        reason: "ECONNREFUSED"
      })
      const target = { protocol: "http", host: "localhost", port: 80, basePath: "" } as const
      assert.deepStrictEqual(
        yield* transport.send(request(0, { target: { ...target, socketPath: "/nowhere/agent.sock" } })),
        { _tag: "Failure", bytesWritten: false, reason: "ENOENT" }
      )
      const dropping = yield* serve((incoming) => incoming.socket.destroy())
      assert.deepStrictEqual(yield* transport.send(request(portOf(dropping))), {
        _tag: "Failure",
        bytesWritten: true,
        reason: "ECONNRESET"
      })
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
      const transport = yield* NodeTransport.make()
      assert.deepStrictEqual(yield* transport.send(request(portOf(silent), { timeoutMillis: 30 })), {
        _tag: "Failure",
        bytesWritten: true,
        reason: "ETIMEDOUT"
      })
    }))

  it.live("aborts a request whose fiber is interrupted", () =>
    Effect.gen(function*() {
      let aborted: () => void = () => {}
      let arrived: () => void = () => {}
      const abortion = new Promise<void>((resolve) => {
        aborted = resolve
      })
      const arrival = new Promise<void>((resolve) => {
        arrived = resolve
      })
      const server = yield* serve((incoming) => {
        incoming.on("close", aborted)
        arrived()
      })
      const transport = yield* NodeTransport.make()
      const fiber = yield* Effect.forkChild(transport.send(request(portOf(server))))
      yield* Effect.promise(() => arrival)
      yield* Fiber.interrupt(fiber)
      yield* Effect.promise(() => abortion)
    }))

  it.live("keeps at most 64 KiB of an answer, and reuses the connection", () =>
    Effect.gen(function*() {
      const ports = new Set<number | undefined>()
      const server = yield* serve((incoming, response) => {
        ports.add(incoming.socket.remotePort)
        response.end("x".repeat(1_000_000))
      })
      const transport = yield* NodeTransport.make()
      for (let turn = 0; turn < 10; turn++) {
        const outcome = yield* transport.send(request(portOf(server)))
        assert.strictEqual(outcome._tag === "Answer" ? outcome.body.length : 0, 64 * 1024)
      }
      assert.isAtMost(ports.size, 2)
    }))

  it.live("returns a redirect as it came instead of following it", () =>
    Effect.gen(function*() {
      let asked = 0
      const server = yield* serve((_, response) => {
        asked++
        response.writeHead(307, { location: "/elsewhere" }).end()
      })
      const transport = yield* NodeTransport.make()
      const outcome = yield* transport.send(request(portOf(server)))
      assert.strictEqual(outcome._tag === "Answer" ? outcome.status : 0, 307)
      assert.strictEqual(asked, 1)
    }))

  it.live("sends a key unencrypted to this machine only", () =>
    Effect.gen(function*() {
      const socketPath = Path.join(Os.tmpdir(), `effect-llmobs-transport-${process.pid}.sock`)
      const server = yield* serve((_, response) => response.end())
      yield* serve((_, response) => response.end(), socketPath)
      const transport = yield* NodeTransport.make()
      const headers = { "dd-api-key": "secret" }
      const elsewhere = { protocol: "http", host: "intake.example", port: 80, basePath: "" } as const
      assert.deepStrictEqual(yield* transport.send(request(0, { headers, target: elsewhere })), {
        _tag: "Failure",
        bytesWritten: false,
        reason: "INSECURE"
      })
      assert.strictEqual((yield* transport.send(request(portOf(server), { headers })))._tag, "Answer")
      const local = yield* transport.send(request(0, { headers, target: { ...elsewhere, socketPath } }))
      assert.strictEqual(local._tag, "Answer")
    }))

  it.live("returns a failure for a request that cannot be made, without throwing", () =>
    Effect.gen(function*() {
      const transport = yield* NodeTransport.make()
      const outcomes = yield* Effect.all([
        transport.send(request(1, { headers: { "bad name": "x" } })),
        transport.send(request(1, { headers: { "x-a": "line\nbreak" } })),
        transport.send(request(1, { path: "/a b\n" })),
        transport.send(request(99_999))
      ])
      for (const outcome of outcomes) assert.isTrue(outcome._tag === "Failure" && !outcome.bytesWritten)
    }))

  it.live("bounds a request's timeout to the longest wait of a timer", () =>
    Effect.gen(function*() {
      const server = yield* serve((_, response) => response.end("slow enough for a timer of 1 ms"))
      const transport = yield* NodeTransport.make()
      const outcome = yield* transport.send(request(portOf(server), { timeoutMillis: 30 * 24 * 3_600_000 }))
      assert.strictEqual(outcome._tag, "Answer")
    }))

  it.live("reaches a socket whose path has a space in it", () =>
    Effect.gen(function*() {
      const socketPath = Path.join(Os.tmpdir(), `effect llmobs ${process.pid}.sock`)
      yield* serve((_, response) => response.end("here"), socketPath)
      const transport = yield* NodeTransport.make()
      const target = { protocol: "http", host: "localhost", port: 80, basePath: "", socketPath } as const
      const outcome = yield* transport.send(request(0, { target }))
      assert.strictEqual(outcome._tag === "Answer" ? outcome.body : "", "here")
    }))
})
