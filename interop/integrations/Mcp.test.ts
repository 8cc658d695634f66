import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as LLMObs from "../../src/layers/LLMObs.ts"
import * as Mcp from "../../src/layers/Mcp.ts"
import * as Testing from "../../src/layers/Testing.ts"
import { isInstalled, missing } from "./Installed.ts"

const name = "@modelcontextprotocol/sdk"

describe(`Mcp.wrap, ${name} 1.32.2`, () => {
  it.live("records the tools of a real client and server", (ctx) => {
    if (!isInstalled(`${name}/client/index.js`)) ctx.skip(missing(name))
    return Effect.gen(function*() {
      const { Client } = yield* Effect.promise(() => import("@modelcontextprotocol/sdk/client/index.js"))
      const { McpServer } = yield* Effect.promise(() => import("@modelcontextprotocol/sdk/server/mcp.js"))
      const { InMemoryTransport } = yield* Effect.promise(() => import("@modelcontextprotocol/sdk/inMemory.js"))
      const { z } = yield* Effect.promise(() => import("zod"))
      const server = new McpServer({ name: "weather", version: "2.0.0" })
      server.registerTool("weather", { inputSchema: { city: z.string() } }, ({ city }: { readonly city: string }) => ({
        content: [{ type: "text", text: `It rains in ${city}.` }]
      }))
      server.registerTool("broken", { inputSchema: {} }, () => {
        throw new Error("no")
      })
      yield* Effect.promise(async () => {
        const [own, other] = InMemoryTransport.createLinkedPair()
        const client = new Client({ name: "shop", version: "1.0.0" })
        await Promise.all([server.connect(Mcp.wrap(other)), client.connect(Mcp.wrap(own))])
        await client.listTools()
        await client.callTool({ name: "weather", arguments: { city: "Oslo" } })
        const broken = await client.callTool({ name: "broken", arguments: {} })
        assert.isTrue(broken.isError)
        await client.close()
      }).pipe(LLMObs.agent("assistant"))
      yield* Testing.expectNothingLost
      const spans = yield* Testing.events()
      assert.deepStrictEqual(spans.map(({ kind, name, status }) => [kind, name, status]).sort(), [
        ["agent", "assistant", "ok"],
        ["task", "MCP Client List Tools", "ok"],
        ["tool", "MCP Client Tool Call: broken", "ok"],
        ["tool", "MCP Client Tool Call: weather", "ok"],
        ["tool", "MCP Server Tool Call: broken", "ok"],
        ["tool", "MCP Server Tool Call: weather", "ok"]
      ])
      const called = spans.find((span) => span.name === "MCP Client Tool Call: weather")
      assert.include(called?.output.value, "It rains in Oslo.")
      assert.deepInclude(called?.tags, { mcp_server_name: "weather", mcp_server_version: "2.0.0" })
    }).pipe(Effect.provide(Testing.layer()))
  })
})
