import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { spawn } from "node:child_process"
import * as ProviderServer from "../../providers/ProviderServer.ts"
import type { ObservedSpan } from "../../src/domain/observed/ObservedSpan.ts"
import * as Clients from "../../src/layers/Clients.ts"
import * as LLMObs from "../../src/layers/LLMObs.ts"
import { isInstalled, missing } from "./Installed.ts"

/** A field in which our event differs from that of dd-trace 6.21, on purpose. */
interface Difference {
  readonly calls: RegExp
  readonly path: RegExp
  readonly reason: string
}

const differences: ReadonlyArray<Difference> = [
  { calls: /^(openai|anthropic)/, path: /^provider$/, reason: "theirs is known for the provider's own host alone" },
  { calls: /^(anthropic|google)/, path: /^model$/, reason: "ours is the model that answered, as theirs is for OpenAI" },
  { calls: /./, path: /^metadata\.finish_reason$/, reason: "theirs leaves it out" },
  { calls: /refused/, path: /^metadata\.status_code$/, reason: "theirs leaves it out" },
  { calls: /^anthropic stream/, path: /^metadata\.stream$/, reason: "ours records all parameters" },
  { calls: /embedding/, path: /^metadata\.encoding_format$/, reason: "ours is what the client asks the provider for" },
  { calls: /embedding/, path: /^metrics\.(output|reasoning_output)_tokens$/, reason: "theirs adds zeros" },
  { calls: /stream/, path: /^metrics\.time_to_first_token$/, reason: "theirs leaves it out" },
  { calls: /^openai|^anthropic/, path: /^toolDefinitions/, reason: "theirs leaves them out" },
  { calls: /^(anthropic|google)/, path: /^metrics\.reasoning_output_tokens$/, reason: "theirs leaves them out" },
  { calls: /^google/, path: /^metrics\.cache_read_input_tokens$/, reason: "theirs leaves them out" },
  { calls: /^google/, path: /^metrics\.output_tokens$/, reason: "theirs leaves out the thoughts" },
  { calls: /tool/, path: /^output\.messages\.\d+\.content$/, reason: "theirs leaves out an empty text" },
  {
    calls: /^anthropic tool/,
    path: /^output\.messages/,
    reason: "ours keeps a message whole that has a text and a call"
  },
  { calls: /refused/, path: /^output/, reason: "theirs adds an empty message" },
  { calls: /^openai chat refused/, path: /^error\.type$/, reason: "ours is the name of the error that is thrown" },
  { calls: /^anthropic refused/, path: /^error\.message$/, reason: "ours is the provider's message, theirs its JSON" }
]

const flat = (value: unknown, path: string, into: Map<string, unknown>): Map<string, unknown> => {
  if (typeof value === "object" && value !== null) {
    for (const [key, inner] of Object.entries(value)) flat(inner, path === "" ? key : `${path}.${key}`, into)
  } else if (value !== undefined && value !== null) into.set(path, value)
  return into
}

const fields = (span: ObservedSpan): ReadonlyMap<string, unknown> => {
  const { error, input, kind, metadata, metrics, model, name, output, provider, status, tags, toolDefinitions } = span
  const shown = {
    name,
    kind,
    status,
    model,
    provider,
    input,
    output,
    metadata,
    metrics,
    toolDefinitions,
    error: error && { type: error.type, message: error.message },
    integration: tags["integration"]
  }
  return flat(shown, "", new Map())
}

const ofCalls = (spans: ReadonlyArray<ObservedSpan>) =>
  spans.filter(({ kind }) => kind === "llm" || kind === "embedding").toSorted((a, b) => a.startMillis - b.startMillis)

/** Runs the calls in a process under Datadog's tracer, which reports to an Agent. */
const underTheirs = (agent: string, origin: string): Promise<number | null> =>
  new Promise((resolve) => {
    const child = spawn(
      process.execPath,
      ["--disable-warning=ExperimentalWarning", "--import", "dd-trace/initialize.mjs", "PeerProgram.ts", origin],
      {
        cwd: import.meta.dirname,
        stdio: "ignore",
        timeout: 55_000,
        env: {
          PATH: process.env["PATH"],
          DD_TRACE_AGENT_URL: agent,
          DD_LLMOBS_ENABLED: "1",
          DD_LLMOBS_ML_APP: "shop",
          DD_LLMOBS_AGENTLESS_ENABLED: "0",
          DD_INSTRUMENTATION_TELEMETRY_ENABLED: "0",
          DD_REMOTE_CONFIGURATION_ENABLED: "0",
          DD_TRACE_STARTUP_LOGS: "0"
        }
      }
    )
    child.on("exit", resolve)
  })

describe("clients beside dd-trace", () => {
  it.live(
    "records the same events as dd-trace, field by field, but for the listed differences",
    (ctx) =>
      Effect.gen(function*() {
        const needed = ["dd-trace", "openai", "@anthropic-ai/sdk", "@google/genai"].find((name) => !isInstalled(name))
        if (needed !== undefined) ctx.skip(missing(needed))
        const { calls, make, run } = yield* Effect.promise(() => import("./PeerCalls.ts"))
        const agent = yield* LLMObs.DevAgent
        const server = yield* Effect.acquireRelease(
          Effect.promise(() => ProviderServer.start()),
          (server) => Effect.promise(server.close)
        )
        assert.strictEqual(yield* Effect.promise(() => underTheirs(agent.url, server.origin)), 0)
        const before = agent.spans()
        const theirs = ofCalls(before)
        const { anthropic, google, openai } = make(server.origin)
        yield* Effect.promise(() =>
          run({ openai: Clients.wrap(openai), anthropic: Clients.wrap(anthropic), google: Clients.wrap(google) })
        )
        yield* LLMObs.flush
        const ours = ofCalls(agent.spans().slice(before.length))
        assert.deepStrictEqual([theirs.length, ours.length], [calls.length, calls.length])

        const used = new Set<Difference>()
        const unexplained = calls.flatMap(([name], i) => {
          const [a, b] = [fields(theirs[i]!), fields(ours[i]!)]
          return [...new Set([...a.keys(), ...b.keys()])].filter((path) => a.get(path) !== b.get(path)).flatMap(
            (path) => {
              const found = differences.filter(({ calls, path: of }) => calls.test(name) && of.test(path))
              for (const difference of found) used.add(difference)
              return found.length > 0 ? [] : [`${name}: ${path}: theirs ${a.get(path)}, ours ${b.get(path)}`]
            }
          )
        })
        assert.deepStrictEqual(unexplained, [])
        assert.deepStrictEqual(
          differences.filter((difference) => !used.has(difference)).map(({ reason }) => reason),
          []
        )
      }).pipe(Effect.scoped, Effect.provide(LLMObs.layerDev({ mlApp: "shop", print: false }))),
    60_000
  )
})
