import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ProviderServer from "../../providers/ProviderServer.ts"
import { tokens } from "../../providers/Wire.ts"
import type { ObservedSpan } from "../../src/domain/observed/ObservedSpan.ts"
import * as Clients from "../../src/layers/Clients.ts"
import * as LLMObs from "../../src/layers/LLMObs.ts"
import * as MastraIntegration from "../../src/layers/Mastra.ts"
import * as Testing from "../../src/layers/Testing.ts"
import { isInstalled, missing } from "../integrations/Installed.ts"
import type { z } from "./newest/Packages.ts"

type Made<A> = new(options: object) => A

/** The parts of Mastra that are used here, in any release. */
interface Packages {
  readonly Agent: Made<object>
  readonly Mastra: Made<{
    readonly getAgent: (name: string) => {
      readonly generate: (text: string, options?: object) => Promise<{ readonly text: string }>
      readonly stream: (text: string, options?: object) => Promise<{ readonly textStream: AsyncIterable<string> }>
    }
  }>
  readonly Observability: Made<{ readonly shutdown: () => Promise<void> }>
  readonly createTool: (options: object) => object
  readonly z: typeof z
}

type Guide = ReturnType<InstanceType<Packages["Mastra"]>["getAgent"]>

/** Runs plain code with an agent of Mastra. Gives the spans and the requests. */
const recorded = (
  load: () => Promise<unknown>,
  isObserved: boolean,
  program: (guide: Guide) => Promise<unknown>,
  config: object = { bridge: MastraIntegration.integration }
) =>
  Effect.gen(function*() {
    const server = yield* Effect.acquireRelease(
      Effect.promise(() => ProviderServer.start()),
      (server) => Effect.promise(server.close)
    )
    const run = Effect.runPromiseWith(yield* Effect.context<never>())
    yield* Effect.promise(async () => {
      const { Agent, Mastra, Observability, createTool, z } = await load() as Packages
      const weather = createTool({
        id: "weather",
        description: "The weather",
        inputSchema: z.object({ city: z.string() }),
        execute: async () => {
          await run(Effect.void.pipe(LLMObs.task("station")))
          return { text: "It rains." }
        }
      })
      const model = { providerId: "openai", modelId: "gpt-5", url: server.openai, apiKey: "k" }
      const guide = { id: "guide", name: "guide", instructions: "Be brief.", model, maxRetries: 0 }
      const observability = new Observability({
        configs: { default: { serviceName: "shop", ...config } }
      })
      const mastra = new Mastra({
        agents: { guide: new Agent(guide), forecaster: new Agent({ ...guide, id: "forecaster", tools: { weather } }) },
        observability,
        logger: false
      })
      await program({
        generate: (text, options) =>
          mastra.getAgent(text.includes("Weather") ? "forecaster" : "guide").generate(text, options),
        stream: (text, options) => mastra.getAgent("guide").stream(text, options)
      })
      await observability.shutdown()
    }).pipe(LLMObs.workflow("support"))
    yield* Effect.void.pipe(LLMObs.task("after"))
    yield* Testing.expectNothingLost
    return { spans: yield* Testing.events(), requests: server.requests.length }
  }).pipe(
    Effect.scoped,
    Effect.provide(isObserved ? Clients.layer.pipe(Layer.provideMerge(Testing.layer())) : Testing.layer())
  )

// Mastra tells times in whole milliseconds, so by its start a span can stand before the one around it.
const nested = (spans: ReadonlyArray<ObservedSpan>, around: ObservedSpan | undefined): ReadonlyArray<ObservedSpan> =>
  spans
    .filter(({ parentId }) => spans.find(({ spanId }) => spanId === parentId) === around)
    .flatMap((span) => [span, ...nested(spans, span)])

const releases = [
  {
    version: "1.71.0",
    folder: "newest",
    load: () => import("./newest/Packages.ts"),
    call: "inference",
    failure: ["error", "AI_APICallError"]
  },
  {
    version: "1.0.4",
    folder: "lowest",
    load: () => import("./lowest/Packages.ts"),
    call: "step",
    // This release does not end an agent whose model fails, and does not name the error.
    failure: ["ok", "ModelError"]
  }
] as const

describe("Mastra.integration as an exporter, @mastra/core 1.71.0", () => {
  it.live("records each call once under the layer for every client, in parallel runs and streams too", (ctx) => {
    if (!isInstalled("@mastra/core", new URL("newest/package.json", import.meta.url))) {
      ctx.skip(missing("@mastra/core", "interop/mastra"))
    }
    return Effect.gen(function*() {
      const { requests, spans } = yield* recorded(
        releases[0].load,
        true,
        async (guide) => {
          await Promise.all([guide.generate("Weather in Oslo?"), guide.generate("Hi")])
          for await (const _ of (await guide.stream("Hi")).textStream) { /* to its end */ }
        },
        { exporters: [MastraIntegration.integration] }
      )
      const byId = new Map(spans.map((span) => [span.spanId, span]))
      const calls = spans.filter(({ kind }) => kind === "llm")
      assert.strictEqual(calls.length, requests)
      for (const { name, parentId, tags } of calls) {
        assert.match(name, /^inference: /)
        assert.strictEqual(tags["integration"], "mastra")
        assert.strictEqual(byId.get(parentId ?? "")?.name, "llm: 'gpt-5'")
      }
      for (const { name, parentId } of spans) {
        if (name.startsWith("agent run") || name === "after") {
          assert.strictEqual(byId.get(parentId ?? "")?.name, name === "after" ? undefined : "support")
        }
      }
    })
  })
})

for (const { call, failure, folder, load, version } of releases) {
  describe(`Mastra.integration, @mastra/core ${version}`, () => {
    const test = (title: string, body: Effect.Effect<void, Testing.ExpectationError>) =>
      it.live(title, (ctx) => {
        if (!isInstalled("@mastra/core", new URL(`${folder}/package.json`, import.meta.url))) {
          ctx.skip(missing("@mastra/core", "interop/mastra"))
        }
        return body
      })

    for (const isObserved of [true, false]) {
      test(
        `records each call once, ${isObserved ? "under" : "without"} the layer for every client`,
        Effect.gen(function*() {
          const { requests, spans } = yield* recorded(load, isObserved, async (guide) => {
            await guide.generate("Weather in Oslo?", { tracingOptions: { metadata: { sessionId: "s-1" } } })
            for await (const _ of (await guide.stream("Hi")).textStream) { /* to its end */ }
            await guide.generate("[status 400] Hi").catch(() => undefined)
            for await (const _ of (await guide.stream("Leave")).textStream) break
          })
          const nameOf = (id: string | undefined) => spans.find(({ spanId }) => spanId === id)?.name
          const shown = nested(spans, undefined)
            // The lowest release has a task for each of its internal loops.
            .filter(({ kind, tags }) => kind !== "task" || tags["integration"] !== "mastra")
            .map(({ kind, name, parentId, status }) => [kind, name, nameOf(parentId), status])
          const [agent, generation] = ["agent run: 'guide'", "llm: 'gpt-5'"]
          assert.deepStrictEqual(shown, [
            ["workflow", "support", undefined, "ok"],
            ["agent", "agent run: 'forecaster'", "support", "ok"],
            ["workflow", generation, "agent run: 'forecaster'", "ok"],
            ["llm", `${call}: 0`, generation, "ok"],
            ["tool", "tool: 'weather'", generation, "ok"],
            ["task", "station", "tool: 'weather'", "ok"],
            ["llm", `${call}: 1`, generation, "ok"],
            ["agent", agent, "support", "ok"],
            ["workflow", generation, agent, "ok"],
            ["llm", `${call}: 0`, generation, "ok"],
            ["agent", agent, "support", failure[0]],
            ["workflow", generation, agent, "error"],
            ["llm", `${call}: 0`, generation, "error"],
            ["agent", agent, "support", "ok"],
            ["workflow", generation, agent, "ok"],
            ["llm", `${call}: 0`, generation, "ok"],
            ["task", "after", undefined, "ok"]
          ])
          const calls = spans.filter(({ kind }) => kind === "llm")
          assert.strictEqual(calls.length, requests)
          for (const one of calls) {
            assert.strictEqual(one.provider, "openai")
            assert.match(one.model ?? "", /^gpt-5/)
          }
          for (const one of calls.slice(0, 2)) {
            assert.deepInclude(one.metrics, { input_tokens: tokens.input, output_tokens: tokens.output })
            assert.strictEqual(one.sessionId, "s-1")
          }
          assert.deepStrictEqual(calls.slice(1, 3).map(({ output }) => Testing.texts(output)), [
            ["You said: Weather in Oslo?"],
            ["You said: Hi"]
          ])
          assert.strictEqual(calls[3]?.tags["error_type"], failure[1])
          for (const { kind, metrics } of spans) if (kind === "workflow") assert.deepStrictEqual(metrics, {})
        })
      )
    }
  })
}
