/** Events of the AI SDK's telemetry as version 7 gives them; `interop` runs the SDK itself. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as AiSdkTelemetry from "../../src/adapters/ai-sdk/AiSdkTelemetry.ts"
import * as TelemetryEvent from "../../src/adapters/ai-sdk/TelemetryEvent.ts"
import * as AiSdk from "../../src/layers/AiSdk.ts"
import * as LLMObs from "../../src/layers/LLMObs.ts"
import * as Testing from "../../src/layers/Testing.ts"

const sdk = (integration: AiSdk.Integration, callId = "op-1") => {
  const model = { provider: "openai.responses", modelId: "gpt-5" }
  return {
    start: (event: object = {}) =>
      integration.onStart({
        callId,
        operationId: "ai.generateText",
        ...model,
        messages: [{ role: "user", content: "Where is my parcel?" }],
        temperature: 0.2,
        ...event
      }),
    call: <A>(execute: () => Promise<A>, event: object = {}) => {
      integration.onLanguageModelCallStart({
        callId,
        ...model,
        instructions: "Be brief.",
        messages: [{ role: "user", content: "Where is my parcel?" }],
        tools: [{ type: "function", name: "track", inputSchema: { type: "object" } }],
        ...event
      })
      return integration.executeLanguageModelCall({ callId, execute })
    },
    answered: (event: object) =>
      integration.onLanguageModelCallEnd({
        callId,
        ...model,
        finishReason: "stop",
        usage: {
          inputTokens: 100,
          outputTokens: 20,
          totalTokens: 120,
          inputTokenDetails: { cacheReadTokens: 60 },
          outputTokenDetails: { reasoningTokens: 8 },
          raw: { input_tokens: 100 }
        },
        content: [{ type: "text", text: "In Oslo." }],
        ...event
      }),
    tool: async (execute: () => Promise<unknown>, toolOutput: object) => {
      const toolCall = { toolCallId: "call-1", toolName: "track", input: { parcel: 7 } }
      integration.onToolExecutionStart({ callId, toolCall })
      await integration.executeTool({ callId, toolCallId: "call-1", execute })
      integration.onToolExecutionEnd({ callId, toolCall, toolOutput })
    },
    end: (event: object = { text: "In Oslo." }) => integration.onEnd({ callId, ...event })
  }
}

/** Runs plain code inside an agent's span, and returns the delivered spans below it. */
const record = (
  program: (
    integration: AiSdk.Integration,
    run: <A>(effect: Effect.Effect<A>) => Promise<A>
  ) => Promise<unknown> | void,
  quietMillis?: number
) =>
  Effect.gen(function*() {
    const run = Effect.runPromiseWith(yield* Effect.context<Testing.Testing>())
    yield* Effect.promise(async () => program(AiSdkTelemetry.make(quietMillis), run)).pipe(LLMObs.agent("support"))
    return yield* Testing.events()
  })

const lookup = Effect.void.pipe(LLMObs.task("lookup"))

const test = Effect.provide(Testing.layer())

describe("AiSdk", () => {
  it.live("records an operation with its model calls and tools, and parents what they run", () =>
    Effect.gen(function*() {
      const spans = yield* record(async (integration, run) => {
        const { answered, call, end, start, tool } = sdk(integration)
        start({ functionId: "parcels" })
        assert.strictEqual(await call(() => run(Effect.as(lookup, "result"))), "result")
        answered({
          finishReason: "tool-calls",
          content: [{ type: "tool-call", toolCallId: "call-1", toolName: "track", input: { parcel: 7 } }]
        })
        await tool(() => run(lookup), { type: "tool-result", output: { place: "Oslo" } })
        end()
      })
      const [agent, operation, call, inCall, tool, inTool] = spans
      assert.deepStrictEqual(
        spans.map(({ kind, name, parentId, tags }) => [kind, name, parentId, tags["integration"]]),
        [
          ["agent", "support", undefined, undefined],
          ["workflow", "parcels.generateText", agent?.spanId, "ai"],
          ["llm", "languageModelCall", operation?.spanId, "ai"],
          ["task", "lookup", call?.spanId, undefined],
          ["tool", "track", operation?.spanId, "ai"],
          ["task", "lookup", tool?.spanId, undefined]
        ]
      )
      assert.notStrictEqual(inCall?.spanId, inTool?.spanId)
      assert.deepStrictEqual([operation?.input.value, operation?.output.value], ["Where is my parcel?", "In Oslo."])
      assert.deepStrictEqual([call?.model, call?.provider, Testing.texts(call!.input)], [
        "gpt-5",
        "openai",
        ["Be brief.", "Where is my parcel?"]
      ])
      assert.deepStrictEqual(call?.output.messages?.[0]?.["tool_calls"], [
        { name: "track", arguments: { parcel: 7 }, tool_id: "call-1", type: "function" }
      ])
      assert.deepStrictEqual(call?.metrics, {
        input_tokens: 100,
        output_tokens: 20,
        total_tokens: 120,
        cache_read_input_tokens: 60,
        reasoning_output_tokens: 8
      })
      assert.deepStrictEqual(operation?.metrics, {})
      assert.deepStrictEqual([tool?.input.value, tool?.output.value], ["{\"parcel\":7}", "{\"place\":\"Oslo\"}"])
    }).pipe(test))

  it.live("ends everything that is open with the error of the operation, and with no error if it was aborted", () =>
    Effect.gen(function*() {
      const spans = yield* record(async (integration) => {
        for (
          const [id, error] of [["a", new TypeError("down")], ["b", new DOMException("stop", "AbortError")]] as const
        ) {
          const { call, start } = sdk(integration, id)
          start()
          await call(() => Promise.resolve())
          integration.onError({ callId: id, error })
        }
      })
      assert.deepStrictEqual(
        spans.slice(1).map(({ error, kind, tags }) => [kind, error?.type, tags["effect.fiber.interrupted"]]),
        [
          ["workflow", "TypeError", undefined],
          ["llm", "TypeError", undefined],
          ["workflow", undefined, "true"],
          ["llm", undefined, "true"]
        ]
      )
    }).pipe(test))

  it.live("ends the operation of a stream that was left early, with the time of its last event", () =>
    Effect.gen(function*() {
      const spans = yield* record(async (integration) => {
        const { answered, call, start } = sdk(integration)
        start({ operationId: "ai.streamText" })
        await call(() => Promise.resolve())
        answered({ performance: { timeToFirstOutputMs: 250 } })
        await new Promise((resolve) => setTimeout(resolve, 20))
      }, 1)
      const [, operation, call] = spans
      assert.deepStrictEqual([operation?.name, operation?.tags["effect.span.unfinished"]], ["streamText", "true"])
      assert.deepStrictEqual([call?.metrics["time_to_first_token"], call?.status], [0.25, "ok"])
    }).pipe(test))

  it.live("labels an operation with the session and user of its runtime context, below those of the program", () =>
    Effect.gen(function*() {
      const spans = yield* record(async (integration, run) => {
        const { end, start } = sdk(integration)
        start({ runtimeContext: { sessionId: "s-1", userId: "u-1", secret: "hidden" } })
        end()
        await run(
          Effect.promise(async () => {
            const { end, start } = sdk(integration, "op-2")
            start({ runtimeContext: { sessionId: "s-2" } })
            end()
          }).pipe(LLMObs.workflow("own", { sessionId: "s-own" }))
        )
      })
      assert.deepStrictEqual(spans.map(({ name, sessionId, userId }) => [name, sessionId, userId]), [
        ["support", undefined, undefined],
        ["generateText", "s-1", "u-1"],
        ["own", "s-own", undefined],
        ["generateText", "s-own", undefined]
      ])
      assert.notInclude(JSON.stringify(spans), "hidden")
    }).pipe(test))

  it.live("labels an operation with its own session above that of the browser", () =>
    Effect.gen(function*() {
      const spans = yield* record((integration, run) =>
        run(
          Effect.promise(async () => {
            for (const sessionId of ["s-1", undefined]) {
              const { end, start } = sdk(integration)
              start({ runtimeContext: { sessionId } })
              end()
            }
          }).pipe(LLMObs.workflow("chat"), LLMObs.extract({ baggage: "session.id=browser" }))
        )
      )
      assert.deepStrictEqual(spans.slice(1).map(({ name, sessionId }) => [name, sessionId]), [
        ["chat", "browser"],
        ["generateText", "s-1"],
        ["generateText", "s-1"]
      ])
    }).pipe(test))

  it.live("records embeddings by their operation, and no content of calls that asked for that", () =>
    Effect.gen(function*() {
      const spans = yield* record((integration) => {
        const { end, start } = sdk(integration)
        const event = { operationId: "ai.embedMany", modelId: "text-embedding-3-small", value: ["one", "two"] }
        start(event)
        end({ embedding: [[1, 2], [3, 4]], usage: { tokens: 7 } })
        start({ ...event, recordInputs: false, recordOutputs: false })
        end({ embedding: [[1, 2]], usage: { tokens: 3 }, recordOutputs: false })
      })
      assert.deepStrictEqual(
        spans.slice(1).map(({ input, kind, metrics, model, output }) => [
          kind,
          model,
          Testing.texts(input),
          output.value,
          metrics
        ]),
        [
          ["embedding", "text-embedding-3-small", ["one", "two"], "[2 embedding(s) returned with size 2]", {
            input_tokens: 7
          }],
          ["embedding", "text-embedding-3-small", [], undefined, { input_tokens: 3 }]
        ]
      )
    }).pipe(test))

  it("records the numbers of a request alone where its input is not recorded", () => {
    const event = { operationId: "ai.generateText", modelId: "m", temperature: 0.5, stopSequences: ["secret"] }
    const readers = [
      TelemetryEvent.request,
      (given: TelemetryEvent.TelemetryEvent) => TelemetryEvent.operationInput(given, "llm")
    ]
    for (const read of readers) {
      const shown = (hidden: object) => read({ ...event, ...hidden }).metadata
      assert.deepStrictEqual(shown({}), { temperature: 0.5, stop_sequences: ["secret"] })
      assert.deepStrictEqual(shown({ recordInputs: false }), { temperature: 0.5 })
    }
  })

  it.live("survives events whose id of the call throws when it is read", () =>
    Effect.gen(function*() {
      const hostile = {
        get callId(): never {
          throw new Error("no")
        }
      }
      const spans = yield* record((integration) => {
        for (const [name, member] of Object.entries(integration)) {
          if (name.startsWith("on")) (member as (event: object) => void)(hostile)
        }
      })
      assert.deepStrictEqual(spans.map(({ kind }) => kind), ["agent"])
    }).pipe(Effect.provide(Testing.layer())))

  it.live("runs calls unchanged without an operation, survives any event, and registers once", () =>
    Effect.gen(function*() {
      const spans = yield* record(async (integration) => {
        const hostile = new Proxy({}, {
          get: () => {
            throw new Error("no")
          }
        })
        assert.strictEqual(await integration.executeTool({ callId: "x", toolCallId: "y", execute: async () => 1 }), 1)
        for (const name of Object.keys(integration) as Array<keyof AiSdk.Integration>) {
          if (name.startsWith("execute")) continue
          for (
            const event of [undefined, null, 1, {}, { callId: 1 }, {
              callId: "op-1",
              content: hostile,
              toolCall: hostile
            }]
          ) {
            ;(integration[name] as (event: unknown) => void)(event)
          }
        }
      })
      assert.deepStrictEqual(spans.map(({ name }) => name), ["support"])
      AiSdk.register()
      AiSdk.register()
      const place = globalThis as { AI_SDK_TELEMETRY_INTEGRATIONS?: Array<unknown> }
      assert.deepStrictEqual(place.AI_SDK_TELEMETRY_INTEGRATIONS, [AiSdk.integration])
      delete place.AI_SDK_TELEMETRY_INTEGRATIONS
    }).pipe(test))
})
