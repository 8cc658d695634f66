import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import * as Http from "node:http"
import * as Https from "node:https"
import * as Net from "node:net"
import * as Tls from "node:tls"
import * as Certificates from "../../../faults/Certificate.ts"
import * as NodeTransport from "../../../src/adapters/node-transport/NodeTransport.ts"
import type { Request } from "../../../src/ports/Transport.ts"

const address = "10.11.12.13"
const certificate = Certificates.selfSigned({ name: "intake", address })
Tls.setDefaultCACertificates([...Tls.getCACertificates("default"), certificate.cert])

const listening = <S extends Net.Server>(server: S) =>
  Effect.acquireRelease(
    Effect.callback<{ readonly server: S; readonly port: number }>((resume) => {
      server.listen(0, "127.0.0.1", () =>
        resume(Effect.succeed({ server, port: (server.address() as Net.AddressInfo).port })))
    }),
    ({ server }) =>
      Effect.sync(() =>
        server.close()
      )
  )

/** An intake that stands at `address`, as far as the proxy is concerned. */
const intake = Effect.suspend(() => {
  const requests: Array<string> = []
  const server = Https.createServer({ ...certificate, keepAliveTimeout: 0 }, (incoming, response) => {
    requests.push(`${incoming.method} ${incoming.headers.host} ${incoming.headers["dd-api-key"]}`)
    incoming.resume().on("end", () => response.writeHead(202).end("taken"))
  })
  return Effect.map(listening(server), ({ port }) => ({ port, requests }))
})

interface Answered {
  readonly status: number
  readonly line: string
}

/** A proxy that tunnels to `to`, or gives the answer to each CONNECT. The promises tell when its client came and left. */
const proxy = (behaviour: { readonly to: number } | Answered | "silent" | "closing") =>
  Effect.suspend(() => {
    const asked: Array<string> = []
    const arrival = Promise.withResolvers<void>()
    const departure = Promise.withResolvers<void>()
    const server = Http.createServer({ keepAliveTimeout: 0 }, (_, response) => response.writeHead(500).end())
    server.on("connect", (incoming: Http.IncomingMessage, socket: Net.Socket) => {
      asked.push(`${incoming.url} ${incoming.headers["proxy-authorization"] ?? "-"}`)
      socket.on("error", () => {})
      // The sockets of a server stay half open.
      socket.on("end", () => {
        departure.resolve()
        socket.end()
      })
      arrival.resolve()
      if (behaviour === "silent") {
        socket.resume()
        return
      }
      if (behaviour === "closing") {
        socket.destroy()
        return
      }
      if ("status" in behaviour) {
        socket.end(`HTTP/1.1 ${behaviour.status} ${behaviour.line}\r\ncontent-length: 2\r\n\r\n{}`)
        return
      }
      const upstream = Net.connect(behaviour.to, "127.0.0.1")
      upstream.on("error", () => socket.destroy())
      socket.write("HTTP/1.1 200 Connection Established\r\n\r\n")
      socket.pipe(upstream).pipe(socket)
    })
    return Effect.map(
      listening(server),
      ({ port }) => ({
        url: `http://127.0.0.1:${port}`,
        port,
        asked,
        arrived: arrival.promise,
        closed: departure.promise
      })
    )
  })

const request = (host: string, more: Partial<Request> = {}): Request => ({
  target: { protocol: "https", host, port: 443, basePath: "" },
  method: "POST",
  path: "/api/v2/llmobs",
  headers: { "dd-api-key": "key" },
  body: new TextEncoder().encode("{}"),
  timeoutMillis: 50_000,
  ...more
})

describe("ProxyTunnel", () => {
  it.live("tunnels TLS to the intake and returns its answer", () =>
    Effect.gen(function*() {
      const { port, requests } = yield* intake
      const { asked, url } = yield* proxy({ to: port })
      const transport = yield* NodeTransport.make({ proxy: url })
      const outcomes = [yield* transport.send(request(address)), yield* transport.send(request(address))]
      for (const outcome of outcomes) {
        assert.deepStrictEqual(outcome._tag === "Answer" ? [outcome.status, outcome.body] : outcome, [202, "taken"])
      }
      assert.deepStrictEqual(requests, [`POST ${address} key`, `POST ${address} key`])
      // The second request may use the connection of the first one.
      assert.deepStrictEqual([...new Set(asked)], [`${address}:443 -`])
    }))

  it.live("sends the decoded user and password of the proxy's URL", () =>
    Effect.gen(function*() {
      const { port } = yield* intake
      const { asked, port: at } = yield* proxy({ to: port })
      const transport = yield* NodeTransport.make({ proxy: `http://me%40home:p%3Aw@127.0.0.1:${at}` })
      assert.strictEqual((yield* transport.send(request(address)))._tag, "Answer")
      assert.deepStrictEqual(asked, [`${address}:443 Basic ${Buffer.from("me@home:p:w").toString("base64")}`])
    }))

  const refusals = [201, 202, 204, 301, 400, 401, 403, 404, 407, 413, 429, 500, 502]
  for (const status of refusals) {
    it.live(`fails a request unsent when the proxy answers CONNECT with ${status}`, () =>
      Effect.gen(function*() {
        const { url } = yield* proxy({ status, line: "No" })
        const seen: Array<number> = []
        const transport = yield* NodeTransport.make({ proxy: url, onProxyRefusal: (found) => seen.push(found) })
        assert.deepStrictEqual(yield* transport.send(request("intake.invalid")), {
          _tag: "Failure",
          bytesWritten: false,
          reason: `PROXY_${status}`
        })
        assert.deepStrictEqual(seen, [status])
      }))
  }

  it.live("fails a request unsent when the proxy hangs up", () =>
    Effect.gen(function*() {
      const { url } = yield* proxy("closing")
      const transport = yield* NodeTransport.make({ proxy: url })
      assert.deepStrictEqual(yield* transport.send(request("intake.invalid")), {
        _tag: "Failure",
        bytesWritten: false,
        reason: "ECONNRESET"
      })
    }))

  it.live("fails a request unsent when the transport closes before the proxy answers", () =>
    Effect.gen(function*() {
      const { arrived, closed, url } = yield* proxy("silent")
      const scope = yield* Scope.make()
      const transport = yield* Scope.provide(NodeTransport.make({ proxy: url }), scope)
      const sending = yield* Effect.forkChild(transport.send(request("intake.invalid")))
      yield* Effect.promise(() => arrived)
      yield* Scope.close(scope, Exit.void)
      yield* Effect.promise(() => closed)
      assert.deepStrictEqual(yield* Fiber.join(sending), {
        _tag: "Failure",
        bytesWritten: false,
        reason: "ECONNABORTED"
      })
    }))

  it.live("fails a request unsent when the proxy does not answer in time", () =>
    Effect.gen(function*() {
      const { url } = yield* proxy("silent")
      const transport = yield* NodeTransport.make({ proxy: url })
      assert.deepStrictEqual(yield* transport.send(request("intake.invalid", { timeoutMillis: 30 })), {
        _tag: "Failure",
        bytesWritten: false,
        reason: "ETIMEDOUT"
      })
    }))

  it.live("bypasses the proxy for this machine and for excepted hosts", () =>
    Effect.gen(function*() {
      const { asked, url } = yield* proxy({ status: 502, line: "No" })
      const transport = yield* NodeTransport.make({ proxy: url, noProxy: [".internal.invalid"] })
      const to = (host: string) =>
        transport.send(request(host, { target: { protocol: "https", host, port: 1, basePath: "" } }))
      const outcomes = yield* Effect.all([to("intake.invalid"), to("127.0.0.1"), to("agent.internal.invalid")])
      assert.deepStrictEqual(asked, ["intake.invalid:1 -"])
      for (const outcome of outcomes) assert.isTrue(outcome._tag === "Failure" && !outcome.bytesWritten)
    }))

  it.live("reads the proxy's URL only when a request needs it", () =>
    Effect.gen(function*() {
      const server = yield* listening(Http.createServer({ keepAliveTimeout: 0 }, (_, response) => response.end()))
      const transport = yield* NodeTransport.make({ proxy: "::no URL" })
      const target = { protocol: "http", host: "127.0.0.1", port: server.port, basePath: "" } as const
      assert.strictEqual((yield* transport.send(request("", { target })))._tag, "Answer")
      assert.deepStrictEqual(yield* transport.send(request("intake.invalid")), {
        _tag: "Failure",
        bytesWritten: false,
        reason: "ERR_INVALID_URL"
      })
    }))
})
