import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Http from "node:http"
import type { AddressInfo } from "node:net"
import * as AgentDiscovery from "../../../src/adapters/agent/AgentDiscovery.ts"
import * as NodeTransport from "../../../src/adapters/node-transport/NodeTransport.ts"
import * as Diagnostics from "../../../src/engine/books/Diagnostics.ts"

const probe = (answer: string, status = 200) =>
  Effect.scoped(Effect.gen(function*() {
    const server = yield* Effect.acquireRelease(
      Effect.callback<Http.Server>((resume) => {
        const server = Http.createServer({ keepAliveTimeout: 0 }, (_request, response) =>
          response.writeHead(status).end(answer))
        server.listen(0, "127.0.0.1", () =>
          resume(Effect.succeed(server)))
      }),
      (server) => Effect.sync(() => server.close())
    )
    const { port } = server.address() as AddressInfo
    const heard: Array<unknown> = []
    const capabilities = yield* AgentDiscovery.probe({
      transport: yield* NodeTransport.make(),
      target: { protocol: "http", host: "127.0.0.1", port, basePath: "" },
      timeoutMillis: 50_000,
      diagnostics: Diagnostics.make(() => {}),
      onHeard: (what) => heard.push(what)
    })
    return { capabilities, heard }
  }))

const info = (filters: number) =>
  JSON.stringify({
    ignore_resources: Array.from({ length: filters }, (_, i) => `^GET /a-rather-long-path-of-a-service/${i}/health$`),
    endpoints: ["/v0.4/traces", "/evp_proxy/v2/"]
  })

describe("AgentDiscovery", () => {
  it.live("recognises an Agent by an info answer above 64 KiB", () =>
    Effect.gen(function*() {
      const answer = info(1_500)
      assert.isAbove(answer.length, 64 * 1024)
      const { capabilities, heard } = yield* probe(answer)
      assert.deepStrictEqual(heard, [capabilities])
      assert.strictEqual(capabilities?.evpProxy, "/evp_proxy/v2")
      assert.strictEqual(capabilities?.ignoreResources.length, 1_000)
    }))

  it.live("reports no Agent when an answer's JSON does not end within 4 MiB", () =>
    Effect.gen(function*() {
      const { capabilities, heard } = yield* probe(`{"endpoints":["${"x".repeat(4 * 1024 * 1024)}"]}`)
      assert.isUndefined(capabilities)
      assert.deepStrictEqual(heard, [{ _tag: "NotAnAgent", status: undefined }])
    }))

  it.live("distinguishes a port of another program from a closed one", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual((yield* probe("Not Found", 404)).heard, [{ _tag: "NotAnAgent", status: 404 }])
      const heard: Array<unknown> = []
      yield* Effect.scoped(Effect.flatMap(NodeTransport.make(), (transport) =>
        AgentDiscovery.probe({
          transport,
          target: { protocol: "http", host: "127.0.0.1", port: 1, basePath: "" },
          timeoutMillis: 50_000,
          diagnostics: Diagnostics.make(() => {}),
          onHeard: (what) => heard.push(what)
        })))
      assert.deepStrictEqual(heard, [{ _tag: "AgentUnreachable", reason: "ECONNREFUSED" }])
    }))
})
