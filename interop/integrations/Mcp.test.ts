import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as LLMObs from "../../src/layers/LLMObs.ts"
import * as Mcp from "../../src/layers/Mcp.ts"
import * as Testing from "../../src/layers/Testing.ts"
import { isInstalled, missing } from "./Installed.ts"

interface Peer {
  connect: (transport: object) => Promise<void>
}

interface Client extends Peer {
  readonly listTools: () => Promise<unknown>
  readonly callTool: (call: object) => Promise<{ readonly isError?: boolean }>
  readonly close: () => Promise<void>
}

interface Server extends Peer {
  readonly setRequestHandler: (method: unknown, handler: (request: Request) => Promise<object>) => void
}

interface McpServer extends Peer {
  readonly registerTool: (name: string, config: object, run: (input: { readonly city: string }) => object) => void
}

interface Request {
  readonly params: { readonly name: string; readonly arguments: { readonly city: string } }
}

type Made<A> = new(info: object, options?: object) => A

/** The parts of a release that are used here. A release before `McpServer` has the server below it. */
interface Parts {
  readonly Client: Made<Client>
  readonly InMemoryTransport: { readonly createLinkedPair: () => readonly [object, object] }
  readonly McpServer?: Made<McpServer>
  readonly Server?: Made<Server>
  readonly ListToolsRequestSchema?: unknown
  readonly CallToolRequestSchema?: unknown
  readonly createMcpHandler?: (make: () => Promise<Peer>) => {
    readonly fetch: (request: globalThis.Request) => Promise<Response>
  }
  readonly StreamableHTTPClientTransport?: new(url: URL, options: object) => object
}

// The packages are loaded by name, and may be absent.
const load = async (...names: ReadonlyArray<string>): Promise<Parts> =>
  Object.assign({}, ...await Promise.all(names.map((name) => import(/* @vite-ignore */ name)))) as Parts

const info = { name: "weather", version: "2.0.0" }

const rain = (city: string): object => ({ content: [{ type: "text", text: `It rains in ${city}.` }] })

const serverOf = async ({ CallToolRequestSchema, ListToolsRequestSchema, McpServer, Server }: Parts): Promise<Peer> => {
  if (McpServer !== undefined) {
    const { z } = await import("zod")
    const server = new McpServer(info)
    server.registerTool("weather", { inputSchema: z.object({ city: z.string() }) }, ({ city }) => rain(city))
    server.registerTool("broken", { inputSchema: z.object({}) }, () => {
      throw new Error("no")
    })
    return server
  }
  const server = new Server!(info, { capabilities: { tools: {} } })
  server.setRequestHandler(ListToolsRequestSchema, () => Promise.resolve({ tools: [] }))
  server.setRequestHandler(
    CallToolRequestSchema,
    async ({ params }) => params.name === "broken" ? { content: [], isError: true } : rain(params.arguments.city)
  )
  return server
}

const sdk = "@modelcontextprotocol/sdk"

const releases: ReadonlyArray<readonly [title: string, packages: ReadonlyArray<string>]> = [
  [`${sdk} 1.0.0`, ["client/index.js", "server/index.js", "types.js", "inMemory.js"].map((at) => `mcp-lowest/${at}`)],
  [`${sdk} 1.32.2`, ["client/index.js", "server/mcp.js", "inMemory.js"].map((at) => `${sdk}/${at}`)],
  ["@modelcontextprotocol/client and server 2.0.0", ["mcp-client-lowest", "mcp-server-lowest"]],
  ["@modelcontextprotocol/client and server 2.4.0", ["@modelcontextprotocol/client", "@modelcontextprotocol/server"]]
]

const names = (spans: ReadonlyArray<Testing.ObservedSpan>) =>
  spans.map(({ kind, name, status }) => [kind, name, status]).sort()

const use = async (parts: Parts, transport: object, options: object = {}): Promise<void> => {
  const client = new parts.Client({ name: "shop", version: "1.0.0" }, { capabilities: {}, ...options })
  await client.connect(Mcp.wrap(transport))
  await client.listTools()
  await client.callTool({ name: "weather", arguments: { city: "Oslo" } })
  const broken = await client.callTool({ name: "broken", arguments: {} })
  assert.isTrue(broken.isError)
  await client.close()
}

const recorded = (run: (parts: Parts) => Promise<void>, packages: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    yield* Effect.promise(() => load(...packages).then(run)).pipe(LLMObs.agent("assistant"))
    yield* Testing.expectNothingLost
    const spans = yield* Testing.events()
    assert.deepStrictEqual(names(spans), [
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

for (const [title, packages] of releases) {
  describe(`Mcp.wrap, ${title}`, () => {
    const test = (name: string, run: (parts: Parts) => Promise<void>) =>
      it.live(name, (ctx) => {
        const absent = packages.find((name) => !isInstalled(name))
        if (absent !== undefined) ctx.skip(missing(absent))
        return recorded(run, packages)
      })

    test("records the tools of a real client and server", async (parts) => {
      const [own, other] = parts.InMemoryTransport.createLinkedPair()
      const server = await serverOf(parts)
      await server.connect(Mcp.wrap(other))
      await use(parts, own)
    })

    if (!packages.some((name) => name.endsWith("server") || name.endsWith("server-lowest"))) return
    test("records a server whose handler makes its transport, over a revision that has no session", async (parts) => {
      const { fetch } = parts.createMcpHandler!(async () => {
        const server = await serverOf(parts)
        const connect = server.connect.bind(server)
        server.connect = (transport) => connect(Mcp.wrap(transport))
        return server
      })
      const transport = new parts.StreamableHTTPClientTransport!(new URL("http://mcp.test"), {
        fetch: (url: URL, init: RequestInit) => fetch(new globalThis.Request(url, init))
      })
      await use(parts, transport, { versionNegotiation: { mode: "auto" } })
    })
  })
}
