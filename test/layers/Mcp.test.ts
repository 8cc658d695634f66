import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as RunningLayers from "../../src/engine/context/RunningLayers.ts"
import * as LLMObs from "../../src/layers/LLMObs.ts"
import * as Mcp from "../../src/layers/Mcp.ts"
import * as Testing from "../../src/layers/Testing.ts"

interface Message {
  readonly id?: number
  readonly method?: string
  readonly params?: { readonly [key: string]: unknown }
  readonly result?: { readonly [key: string]: unknown }
  readonly error?: { readonly [key: string]: unknown }
}

/** One end of a pair in memory, as the SDK has it. */
class Transport {
  other: Transport | undefined
  #sent = 0
  onmessage: ((message: Message) => void) | undefined
  onclose: (() => void) | undefined

  get sent(): number {
    return this.#sent
  }

  send(message: Message): Promise<void> {
    this.#sent++
    return Promise.resolve().then(() => this.other?.onmessage?.(message))
  }

  close(): Promise<void> {
    this.onclose?.()
    return Promise.resolve()
  }
}

const pair = (options?: Mcp.Options): { readonly client: Transport; readonly server: Transport } => {
  const [client, server] = [new Transport(), new Transport()]
  client.other = server
  server.other = client
  return { client: Mcp.wrap(client, options), server: Mcp.wrap(server, options) }
}

/** Asks over a client's end, and gives the answer. */
const asking = (client: Transport) => {
  let id = 0
  const waiting = new Map<number, (message: Message) => void>()
  client.onmessage = (message) => waiting.get(message.id!)?.(message)
  return (method: string, params: object = {}) =>
    new Promise<Message>((resolve) => {
      waiting.set(++id, resolve)
      void client.send({ id, method, params: { ...params } })
    })
}

const answer = (server: Transport, handle: (params: Message["params"]) => Promise<object>) => {
  server.onmessage = ({ id, method, params }) => {
    if (method === "initialize") {
      void server.send({ id: id!, result: { serverInfo: { name: "weather", version: "2" } } })
    } else if (id !== undefined) {
      void handle(params).then(
        (result) => server.send({ id, result: { ...result } }),
        (error: Error) => server.send({ id, error: { code: -32602, message: error.message } })
      )
    }
  }
}

const inWorkflow = <A>(body: () => Promise<A>, layer = Testing.layer()) =>
  Effect.gen(function*() {
    const value = yield* Effect.promise(body).pipe(LLMObs.workflow("support"))
    yield* Testing.expectNothingLost
    return { value, spans: yield* Testing.events() }
  }).pipe(Effect.provide(layer))

const named = (spans: ReadonlyArray<Testing.ObservedSpan>, name: string) => spans.find((span) => span.name === name)

describe("Mcp.wrap", () => {
  it.live("records tools on both sides, with arguments, results, the server's name, and spans of the handler below", () =>
    Effect.gen(function*() {
      const { client, server } = pair({ propagate: true })
      const { spans } = yield* inWorkflow(async () => {
        answer(server, async (params) => {
          await Promise.resolve()
          if (params?.["name"] !== undefined) RunningLayers.ofCaller()!.start("task", "in the handler").end()
          return { content: [{ type: "text", text: JSON.stringify(params?.["arguments"]) }] }
        })
        const ask = asking(client)
        await ask("initialize")
        await ask("tools/list")
        await ask("tools/call", { name: "weather", arguments: { city: "Oslo" } })
      })
      const called = named(spans, "MCP Client Tool Call: weather")
      const served = named(spans, "MCP Server Tool Call: weather")
      const listed = named(spans, "MCP Client List Tools")
      assert.deepStrictEqual([called?.kind, served?.kind, listed?.kind], ["tool", "tool", "task"])
      assert.strictEqual(called?.input.value, `{"name":"weather","arguments":{"city":"Oslo"}}`)
      assert.include(called?.output.value, "Oslo")
      assert.deepInclude(called?.tags, {
        integration: "mcp",
        mcp_tool_kind: "client",
        mcp_server_name: "weather",
        mcp_server_version: "2"
      })
      assert.strictEqual(served?.tags["mcp_tool_kind"], "server")
      assert.deepStrictEqual([served?.parentId, served?.traceId], [called?.spanId, called?.traceId])
      assert.strictEqual(called?.parentId, named(spans, "support")?.spanId)
      assert.strictEqual(named(spans, "in the handler")?.parentId, served?.spanId)
    }))

  it.live("records the failure of a call, and a result that tells of an error as a result", () =>
    Effect.gen(function*() {
      const { client, server } = pair()
      const { spans } = yield* inWorkflow(async () => {
        answer(server, async (params) => {
          if (params?.["name"] === "missing") throw new Error("No such tool.")
          return { content: [{ type: "text", text: "no" }], isError: true }
        })
        const ask = asking(client)
        await ask("tools/call", { name: "missing" })
        await ask("tools/call", { name: "broken" })
      })
      const missing = named(spans, "MCP Client Tool Call: missing")
      assert.deepInclude(missing?.error, { type: "McpError", message: "MCP error -32602: No such tool." })
      const broken = named(spans, "MCP Client Tool Call: broken")
      assert.strictEqual(broken?.status, "ok")
      assert.include(broken?.output.value, `"isError":true`)
    }))

  it.live("ends calls that are cancelled or whose connection ends, and gives each of many its own answer", () =>
    Effect.gen(function*() {
      const { client, server } = pair()
      const { spans } = yield* inWorkflow(async () => {
        answer(server, (params) => {
          const { name } = params as { readonly name: string }
          return name.startsWith("never") ? new Promise(() => {}) : Promise.resolve({ content: name })
        })
        const ask = asking(client)
        void ask("tools/call", { name: "never cancelled" })
        await client.send({ method: "notifications/cancelled", params: { requestId: 1 } })
        void ask("tools/call", { name: "never closed" })
        await Promise.all(["a", "b", "c"].map((name) => ask("tools/call", { name })))
        client.onclose = () => {}
        await client.close()
        server.onclose = () => {}
        await server.close()
      })
      const tags = (name: string) => named(spans, `MCP Client Tool Call: ${name}`)?.tags ?? {}
      assert.strictEqual(tags("never cancelled")["effect.fiber.interrupted"], "true")
      assert.strictEqual(tags("never closed")["effect.span.unfinished"], "true")
      for (const name of ["a", "b", "c"]) {
        assert.include(named(spans, `MCP Client Tool Call: ${name}`)?.output.value, `"content":"${name}"`)
      }
    }))

  it.live("hands on messages of any shape in both directions, and ends the call that they answer", () =>
    Effect.gen(function*() {
      const odd: ReadonlyArray<unknown> = [
        { id: 1, result: null },
        { id: 2, error: null, result: { content: [] } },
        { id: 3, error: "no" },
        { id: 4, method: null, result: 7 },
        { id: 5, result: { serverInfo: null } },
        undefined,
        null,
        "text",
        { method: "tools/call", id: 9, params: null },
        { method: "notifications/cancelled", params: 7 }
      ]
      yield* Effect.promise(async () => {
        const { client, server } = pair()
        const got: Array<unknown> = []
        client.onmessage = (message) => got.push(message)
        server.onmessage = () => {}
        for (const id of [1, 2, 3, 4, 5]) await client.send({ id, method: "tools/call", params: { name: "t" } })
        for (const message of odd) await server.send(message as Message)
        assert.deepStrictEqual(got, odd)
        await client.close()
        await server.close()
      })
      yield* Testing.expectNothingLost
      const tools = yield* Testing.events({ kind: "tool" })
      assert.deepStrictEqual(
        tools.filter(({ name }) => name.startsWith("MCP Client Tool Call: t")).map(({ error, status }) =>
          error?.message ?? status
        ),
        ["ok", "ok", "MCP error unknown: ", "ok", "ok"]
      )
    }).pipe(Effect.provide(Testing.layer())))

  it.live("is a transport of the same class, with its private state, and changes no message unless asked to", () =>
    Effect.gen(function*() {
      const { client, server } = pair()
      const seen: Array<Message> = []
      yield* inWorkflow(async () => {
        assert.instanceOf(client, Transport)
        server.onmessage = (message) => seen.push(message)
        await client.send({ id: 1, method: "tools/call", params: { name: "x", _meta: { progressToken: 1 } } })
        assert.strictEqual(client.sent, 1)
      })
      assert.deepStrictEqual(seen, [{
        id: 1,
        method: "tools/call",
        params: { name: "x", _meta: { progressToken: 1 } }
      }])
    }))

  it("carries messages without a layer", async () => {
    const { client, server } = pair()
    answer(server, async () => ({ content: [] }))
    assert.deepStrictEqual(await asking(client)("tools/call", { name: "x" }), { id: 1, result: { content: [] } })
  })

  it.live("keeps arguments and results away where they are not captured", () =>
    Effect.gen(function*() {
      const { client, server } = pair({ capture: false })
      const { spans } = yield* inWorkflow(async () => {
        answer(server, async () => ({ content: "secret" }))
        await asking(client)("tools/call", { name: "x", arguments: { key: "secret" } })
      })
      assert.strictEqual(spans.length, 3)
      assert.notInclude(JSON.stringify(spans), "secret")
    }))
})
