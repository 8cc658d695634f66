import { assert, describe, it } from "@effect/vitest"
import * as Chat from "effect/ai/Chat"
import * as EmbeddingModel from "effect/ai/EmbeddingModel"
import * as LanguageModel from "effect/ai/LanguageModel"
import * as Prompt from "effect/ai/Prompt"
import * as ResponseIdTracker from "effect/ai/ResponseIdTracker"
import * as Telemetry from "effect/ai/Telemetry"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import * as Tracer from "effect/Tracer"
import type { Options } from "../../src/composition/Options.ts"
import type { ObservedSpan } from "../../src/domain/observed/ObservedSpan.ts"
import * as EffectAi from "../../src/layers/EffectAi.ts"
import * as LLMObs from "../../src/layers/LLMObs.ts"
import * as Testing from "../../src/layers/Testing.ts"
import * as FakeModel from "./FakeModel.ts"
import * as Observed from "./Observed.ts"

const Handlers = FakeModel.Tools.toLayer({
  weather: ({ city }) =>
    (city === "Nowhere"
      ? Effect.fail(new FakeModel.NoStation({ city }))
      : Effect.succeed({ degrees: city.length }).pipe(LLMObs.retrieval("station"))).pipe(
        Effect.delay(city === "Oslo" ? 50 : 80)
      ),
  population: ({ city }) =>
    city === "Nowhere" ? Effect.fail(new FakeModel.NoStation({ city })) : Effect.succeed(city.length * 1000)
})

type Handlers = Layer.Success<typeof Handlers>

const live = (options?: Options) => EffectAi.layer.pipe(Layer.provideMerge(Testing.layer(options)))

/** Runs a program to its end while time passes. */
const elapse = <A, E, R>(program: Effect.Effect<A, E, R>) =>
  Effect.gen(function*() {
    const fiber = yield* Effect.forkChild(Effect.exit(program))
    for (let i = 0; i < 5; i++) yield* TestClock.adjust(100)
    return yield* Fiber.join(fiber)
  })

/** The delivered spans of a program. */
const spansOf = <A, E>(
  program: Effect.Effect<A, E, LanguageModel.LanguageModel | Handlers | Testing.Testing>,
  layer: Layer.Layer<Testing.Testing> = live()
) =>
  elapse(Effect.provide(program, [FakeModel.layer, Handlers])).pipe(
    Effect.andThen(Testing.events()),
    Effect.provide(layer)
  )

const asked = (prompt: string, options?: { readonly concurrency?: number }) =>
  Effect.flatMap(FakeModel.Tools, (toolkit) => LanguageModel.generateText({ prompt, toolkit, ...options }))

const streamed = (prompt: string) =>
  Stream.unwrap(Effect.map(FakeModel.Tools, (toolkit) => LanguageModel.streamText({ prompt, toolkit })))

const called = (...cities: ReadonlyArray<string>) =>
  cities.map((city, i) => ({
    name: "weather",
    arguments: { city },
    tool_id: `call_${i + 1}`,
    type: "function"
  }))

const answer = { role: "assistant", content: "hello" }

const shown = (span: ObservedSpan | undefined) =>
  span && {
    name: span.name,
    status: span.status,
    millis: [span.startMillis, span.durationMillis],
    model: span.model,
    provider: span.provider,
    input: Testing.texts(span.input),
    output: span.output.messages ?? span.output.value,
    metadata: span.metadata
  }

const ofKind = (spans: ReadonlyArray<ObservedSpan>, kind: string) => spans.filter((span) => span.kind === kind)

const parameters = { temperature: 0.2, max_tokens: 100 }

const byGpt = { model: "gpt-5-2026", provider: "openai" }

describe("EffectAi.layer", () => {
  it.effect("records a call with messages, model, parameters, finish reason and all token counts", () =>
    Effect.gen(function*() {
      const spans = yield* spansOf(
        LanguageModel.generateText({
          prompt: [{ role: "system", content: "Be brief." }, { role: "user", content: "Hi" }]
        })
      )
      assert.deepStrictEqual(spans.map(shown), [{
        name: "LanguageModel.generateText",
        status: "ok",
        millis: [0, 30],
        ...byGpt,
        input: ["Be brief.", "Hi"],
        output: [answer],
        metadata: { ...parameters, finish_reason: "stop" }
      }])
      assert.deepInclude(spans[0]?.metrics, FakeModel.metrics)
      assert.strictEqual(spans[0]!.tags["integration"], "effect_ai")
    }))

  it.effect("ends an llm span with the answer, and records each tool with its own time, arguments and result", () =>
    Effect.gen(function*() {
      const spans = yield* spansOf(LLMObs.workflow("support")(asked("weather of Oslo, weather of Rome")))
      const [support] = ofKind(spans, "workflow")
      const [call] = ofKind(spans, "llm")
      assert.deepStrictEqual(call?.output.messages, [
        { role: "reasoning", content: "to be looked up" },
        { role: "assistant", content: "", tool_calls: called("Oslo", "Rome") }
      ])
      assert.deepStrictEqual([support?.durationMillis, call?.durationMillis], [110, 30])
      assert.deepStrictEqual(ofKind(spans, "tool").map((tool) => [tool.parentId, ...Object.values(shown(tool)!)]), [
        [support?.spanId, "weather", "ok", [30, 50], undefined, undefined, ["{\"city\":\"Oslo\"}"], "{\"degrees\":4}", {
          tool_call_id: "call_1"
        }],
        [support?.spanId, "weather", "ok", [30, 80], undefined, undefined, ["{\"city\":\"Rome\"}"], "{\"degrees\":4}", {
          tool_call_id: "call_2"
        }]
      ])
      assert.deepStrictEqual(
        ofKind(spans, "retrieval").map((span) => span.parentId),
        ofKind(spans, "tool").map((span) => span.spanId)
      )
    }))

  it.effect("records the definitions of the offered tools", () =>
    Effect.gen(function*() {
      const [call] = yield* spansOf(asked("Hi"))
      const schema = {
        type: "object",
        properties: { city: { type: "string" } },
        required: ["city"],
        additionalProperties: true
      }
      assert.deepStrictEqual(call?.toolDefinitions, [
        { name: "weather", description: "The weather of a city", schema },
        { name: "population", schema }
      ])
      assert.strictEqual(call?.metadata["tool_choice"], "auto")
    }))

  it.effect("puts tools below an llm span without a parent, and ends each tool before the next in turn", () =>
    Effect.gen(function*() {
      const spans = yield* spansOf(asked("weather of Oslo, weather of Rome", { concurrency: 1 }))
      const [call] = ofKind(spans, "llm")
      assert.deepStrictEqual(
        ofKind(spans, "tool").map((
          { durationMillis, parentId, startMillis }
        ) => [parentId, startMillis, durationMillis]),
        [[call?.spanId, 30, 50], [call?.spanId, 80, 80]]
      )
    }))

  it.effect("records a tool that fails the call as an error, and the answer of the model as a success", () =>
    Effect.gen(function*() {
      const spans = yield* spansOf(asked("weather of Nowhere, weather of Oslo"))
      const [call] = ofKind(spans, "llm")
      assert.deepStrictEqual([call?.status, call?.durationMillis], ["ok", 30])
      assert.deepStrictEqual(
        call?.output.messages?.[0]?.["tool_calls"],
        called("Nowhere", "Oslo").map((call) => ({ name: call.name, arguments: call.arguments, type: call.type }))
      )
      assert.deepStrictEqual(ofKind(spans, "tool").map(({ error, name }) => [name, error?.type]), [
        ["weather", "NoStation"],
        ["weather", undefined]
      ])
    }))

  it.effect("records a failure that a tool returns as the error of the tool alone", () =>
    Effect.gen(function*() {
      const spans = yield* spansOf(asked("population of Nowhere, population of Rome"))
      assert.deepStrictEqual(spans.map(({ kind, output, status }) => [kind, status, output.value]), [
        ["llm", "ok", undefined],
        ["tool", "error", "{\"_tag\":\"NoStation\",\"city\":\"Nowhere\"}"],
        ["tool", "ok", "4000"]
      ])
    }))

  it.effect("records a streamed answer as one message, with the tools that it calls", () =>
    Effect.gen(function*() {
      const spans = yield* spansOf(Stream.runDrain(streamed("weather of Oslo")))
      const [call, tool] = spans
      assert.deepStrictEqual(shown(call), {
        name: "LanguageModel.streamText",
        status: "ok",
        millis: [0, 35],
        ...byGpt,
        input: ["weather of Oslo"],
        output: [{ ...answer, tool_calls: called("Oslo") }],
        metadata: { ...parameters, finish_reason: "tool-calls", tool_choice: "auto" }
      })
      assert.deepStrictEqual([tool?.startMillis, tool?.durationMillis, tool?.output.value], [35, 50, "{\"degrees\":4}"])
    }))

  it.effect("keeps the output of streams that break or are left early until then", () =>
    Effect.gen(function*() {
      const spans = yield* spansOf(Effect.andThen(
        Effect.exit(Stream.runDrain(LanguageModel.streamText({ prompt: "please break" }))),
        Stream.runDrain(LanguageModel.streamText({ prompt: "Hi" }).pipe(Stream.take(3)))
      ))
      assert.deepStrictEqual(spans.map(({ error, metadata, output }) => [error?.message, output.messages, metadata]), [
        ["FakeModel.streamText: Rate limit exceeded", [{ role: "assistant", content: "hel" }], parameters],
        [undefined, [{ role: "assistant", content: "hel" }], parameters]
      ])
    }))

  it.effect("records the input, the parameters and the error of a call that fails", () =>
    Effect.gen(function*() {
      const [call] = yield* spansOf(LanguageModel.generateText({ prompt: "please fail" }))
      assert.deepStrictEqual(shown(call), {
        name: "LanguageModel.generateText",
        status: "error",
        millis: [0, 30],
        model: "gpt-5",
        provider: "openai",
        input: ["please fail"],
        output: undefined,
        metadata: parameters
      })
      assert.strictEqual(call?.error?.message, "FakeModel.generateText: Rate limit exceeded")
    }))

  it.effect("records objects, and the turns of a chat with their history", () =>
    Effect.gen(function*() {
      const spans = yield* spansOf(Effect.gen(function*() {
        yield* LanguageModel.generateObject({ prompt: "Capital", schema: Schema.Struct({ city: Schema.String }) })
        const chat = yield* Chat.empty
        yield* chat.generateText({ prompt: "one" })
        yield* chat.generateText({ prompt: "two" })
      }))
      assert.deepStrictEqual(spans.map(({ input, output }) => [Testing.texts(input), Testing.texts(output)]), [
        [["Capital"], ["{\"city\":\"Oslo\"}"]],
        [["one"], ["hello"]],
        [["one", "hello", "two"], ["hello"]]
      ])
      assert.deepInclude(spans[0]?.metadata, { output_type: "json", object_name: "generateObject" })
    }))

  it.effect("runs an approved tool as a span before the call that continues", () =>
    Effect.gen(function*() {
      const prompt = Prompt.make([
        { role: "user", content: "weather of Oslo" },
        {
          role: "assistant",
          content: [
            { type: "tool-call", id: "call_1", name: "weather", params: { city: "Oslo" }, providerExecuted: false },
            { type: "tool-approval-request", approvalId: "a", toolCallId: "call_1" }
          ]
        },
        { role: "tool", content: [{ type: "tool-approval-response", approvalId: "a", approved: true }] }
      ])
      const spans = yield* spansOf(Effect.gen(function*() {
        yield* LanguageModel.generateText({ prompt, toolkit: yield* FakeModel.Tools, disableToolCallResolution: true })
      }))
      const [call, tool] = spans.filter(({ kind }) => kind !== "retrieval")
      assert.deepStrictEqual([tool?.kind, tool?.durationMillis, tool?.parentId], ["tool", 50, call?.spanId])
      assert.deepStrictEqual(call?.durationMillis, 80)
      assert.include(JSON.stringify(call?.input.messages), "{\\\"degrees\\\":4}")
    }))

  it.effect("records one event of a call that another adapter has claimed", () =>
    Effect.gen(function*() {
      const router = Layer.effect(
        LanguageModel.LanguageModel,
        Effect.flatMap(LanguageModel.LanguageModel, (model) =>
          LanguageModel.make({
            generateText: (options) =>
              Effect.map(
                model.generateText({ prompt: options.prompt }),
                ({ content }) =>
                  content.flatMap((part) => part.type === "text" ? [{ type: "text", text: part.text }] : [])
              ),
            streamText: () => Stream.empty
          }))
      )
      const spans = yield* spansOf(Effect.provide(LanguageModel.generateText({ prompt: "Hi" }), router))
      assert.deepStrictEqual(spans.map(({ kind, output }) => [kind, Testing.texts(output)]), [["llm", ["hello"]]])
    }))

  it.effect("leaves the context of the fiber as it was", () =>
    Effect.gen(function*() {
      yield* spansOf(Effect.gen(function*() {
        const before = yield* Effect.context<never>()
        yield* asked("weather of Oslo", { concurrency: 1 })
        yield* Effect.exit(LanguageModel.generateText({ prompt: "please fail" }))
        yield* Stream.runDrain(streamed("weather of Oslo"))
        assert.strictEqual(yield* Effect.context<never>(), before)
        yield* Effect.void.pipe(LLMObs.task("after"))
        const [after] = ofKind(yield* Testing.events(), "task")
        assert.isUndefined(after?.parentId)
      }))
    }))

  it.effect("records nothing while recording is off, and no content with capture off", () =>
    Effect.gen(function*() {
      const none = yield* spansOf(Effect.andThen(LLMObs.setRecording(false), asked("weather of Oslo")))
      assert.deepStrictEqual(none, [])
      const spans = yield* spansOf(asked("weather of Oslo"), live({ contentCapture: "none" }))
      assert.notInclude(JSON.stringify(spans), "Oslo")
      assert.deepStrictEqual(spans.map(({ kind, model }) => [kind, model]), [
        ["llm", "gpt-5-2026"],
        ["tool", undefined],
        ["retrieval", undefined]
      ])
    }))
})

describe("the APM spans of effect/ai calls", () => {
  it.live("end with the answer, and have neither the arguments of tools nor an error of theirs", () =>
    Effect.gen(function*() {
      yield* Effect.exit(asked("weather of Oslo, weather of Nowhere")).pipe(
        Effect.provide([FakeModel.layer, Handlers]),
        LLMObs.workflow("support")
      )
      const { agent } = yield* Observed.settle
      const call = Observed.span(agent, "LanguageModel.generateText")
      const tools = Observed.spans(agent).filter(({ name }) => name === "weather")
      assert.isAbove(Number(tools[0]?.start), Number(call.start + call.duration) - 1)
      assert.deepStrictEqual([call.error, ...tools.map(({ error }) => error)].sort(), [0, 0, 1])
      assert.notInclude(JSON.stringify(call.meta), "Nowhere")
      assert.deepStrictEqual(tools.map(({ parentId }) => parentId), [call.spanId, call.spanId])
    }).pipe(Effect.provide(EffectAi.layer.pipe(Layer.provideMerge(Observed.dev())))))
})

const userTracer = () => {
  const spans: Array<Tracer.NativeSpan> = []
  const layer = Layer.succeed(
    Tracer.Tracer,
    Tracer.make({
      span: (options) => {
        const span = new Tracer.NativeSpan(options)
        spans.push(span)
        return span
      }
    })
  )
  return { layer, spans }
}

describe("EffectAi.layer beside other parts of a program", () => {
  it.effect("records calls under a tracer that the layer was given, whose spans keep their times and attributes", () =>
    Effect.gen(function*() {
      const { layer, spans } = userTracer()
      const events = yield* spansOf(asked("weather of Oslo"), live().pipe(Layer.provide(layer)))
      assert.deepStrictEqual(events.map(({ kind }) => kind), ["llm", "tool", "retrieval"])
      const [call] = spans
      assert.strictEqual(BigInt(`0x${call?.spanId}`).toString(), events[0]?.spanId)
      assert.strictEqual(call?.attributes.get("tool"), "weather")
      const { status } = call!
      assert.strictEqual(status._tag === "Ended" ? status.endTime - status.startTime : 0n, 80_000_000n)
    }))

  for (
    const [name, hide] of [
      ["another tracer hides the layer's", Effect.provide(userTracer().layer)],
      ["tracing is off", Effect.withTracerEnabled(false)]
    ] as const
  ) {
    it.effect(`records calls that succeed where ${name}, and says once that failures are missing`, () =>
      Effect.gen(function*() {
        const { layer, lines } = Observed.warnings()
        const program = Effect.gen(function*() {
          yield* asked("weather of Oslo")
          yield* Stream.runDrain(LanguageModel.streamText({ prompt: "Hi" }))
          yield* LanguageModel.generateText({ prompt: "please fail" })
        })
        const spans = yield* spansOf(LLMObs.workflow("support")(hide(program)), live().pipe(Layer.provide(layer)))
        const calls = ofKind(spans, "llm")
        assert.deepStrictEqual(
          calls.map((
            { durationMillis, model, output, parentId }
          ) => [durationMillis, model, parentId, output.messages]),
          [
            [80, "gpt-5-2026", spans[0]?.spanId, [
              { role: "reasoning", content: "to be looked up" },
              { role: "assistant", content: "", tool_calls: called("Oslo") }
            ]],
            [30, "gpt-5-2026", spans[0]?.spanId, [answer]]
          ]
        )
        assert.strictEqual(lines.filter((line) => line.includes("EffectAi")).length, 1, lines.join("\n"))
      }))
  }

  it.effect("calls the transformers and trackers that the program has around the layer and around a call", () =>
    Effect.gen(function*() {
      const seen: Array<string> = []
      const transformer = (name: string) =>
        Layer.succeed(Telemetry.CurrentSpanTransformer, ({ response }) => {
          seen.push(`${name} ${response.length}`)
        })
      const tracker = (name: string): Layer.Layer<ResponseIdTracker.ResponseIdTracker> =>
        Layer.succeed(ResponseIdTracker.ResponseIdTracker, {
          clearUnsafe: () => {},
          markParts: (_, id) => {
            seen.push(`${name} ${id}`)
          },
          prepareUnsafe: () => {
            seen.push(name)
            return Option.none()
          }
        })
      const outer = Layer.mergeAll(transformer("outer"), tracker("outer tracker"))
      const spans = yield* spansOf(
        Effect.andThen(
          LanguageModel.generateText({ prompt: "Hi" }),
          Stream.runDrain(LanguageModel.streamText({ prompt: "Hi" })).pipe(
            Effect.provide(Layer.mergeAll(transformer("inner"), tracker("inner tracker")))
          )
        ),
        live().pipe(Layer.provide(outer))
      )
      assert.deepStrictEqual(seen, [
        "outer tracker",
        "outer tracker resp_1",
        "outer 3",
        "inner tracker",
        "inner tracker resp_1",
        "inner 6"
      ])
      assert.deepStrictEqual(spans.map(({ input, output }) => [Testing.texts(input), Testing.texts(output)]), [
        [["Hi"], ["hello"]],
        [["Hi"], ["hello"]]
      ])
    }))

  it.effect("records each call once when the layer stands twice around a program", () =>
    Effect.gen(function*() {
      const twice = Layer.fresh(EffectAi.layer).pipe(Layer.provideMerge(live()))
      const spans = yield* spansOf(asked("weather of Oslo"), twice)
      assert.deepStrictEqual(spans.map(({ kind }) => kind), ["llm", "tool", "retrieval"])
    }))

  it.live("ends the event of a stream that is still open when the layer closes, and keeps its input", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const agent = yield* Observed.whenClosed(
        Effect.flatten(Stream.toPull(LanguageModel.streamText({ prompt: "Hi" }))).pipe(
          Scope.provide(scope),
          Effect.exit,
          Effect.provide(FakeModel.layer),
          Effect.provide(EffectAi.layer)
        )
      )
      const [call, ...others] = agent.spans({ kind: "llm" })
      assert.deepStrictEqual(others, [])
      assert.deepStrictEqual(Testing.texts(call!.input), ["Hi"])
      assert.strictEqual(call?.tags["effect.span.unfinished"], "true")
      yield* Scope.close(scope, Exit.void)
    }))

  it.live("puts spans of promise callbacks of a provider under its call", () =>
    Effect.gen(function*() {
      const services = yield* Effect.context<never>()
      const run = Effect.runPromiseWith(services)
      const Model = Layer.effect(
        LanguageModel.LanguageModel,
        LanguageModel.make({
          generateText: () =>
            Effect.promise(async () => {
              await Promise.resolve()
              await run(Effect.void.pipe(LLMObs.task("lookup")))
              return []
            }),
          streamText: () => Stream.empty
        })
      )
      yield* Effect.provide(LanguageModel.generateText({ prompt: "Hi" }), Model)
      const [call, lookup] = yield* Testing.events()
      assert.deepStrictEqual([lookup?.name, lookup?.parentId], ["lookup", call?.spanId])
    }).pipe(Effect.provide(live())))

  it.effect("says that the layer of LLM Observability is missing, unless it is switched off", () =>
    Effect.gen(function*() {
      const { layer, lines } = Observed.warnings()
      const run = (around: Layer.Layer<never>) =>
        LanguageModel.generateText({ prompt: "Hi" }).pipe(
          Effect.provide(FakeModel.layer),
          elapse,
          Effect.provide(EffectAi.layer.pipe(Layer.provideMerge(around))),
          Effect.provide(layer)
        )
      const off = ConfigProvider.layer(ConfigProvider.fromUnknown({ DD_LLMOBS_ENABLED: "false" }))
      yield* run(LLMObs.layerFromConfig().pipe(Layer.provide(off)))
      assert.deepStrictEqual(lines, [])
      yield* run(Layer.empty)
      assert.deepStrictEqual(lines.length, 1)
      assert.include(lines[0], "EffectAi.layer was built without the layer of LLM Observability")
    }))
})

describe("EffectAi.instrument", () => {
  const named = { model: "gpt-5", provider: "openai" }
  const Model = EffectAi.instrument(FakeModel.layer, named)

  const events = <A, E>(
    program: Effect.Effect<A, E, LanguageModel.LanguageModel | Handlers | Testing.Testing>,
    layer: Layer.Layer<Testing.Testing> = Testing.layer()
  ) => spansOf(Effect.provide(program, Model), layer)

  const shapes = (spans: ReadonlyArray<ObservedSpan>) =>
    spans.map(({ durationMillis, kind, metadata, metrics, output, status, tags, ...span }) => [
      kind,
      span.name,
      status,
      span.model,
      span.provider,
      [span.startMillis, durationMillis],
      output.messages ?? output.value,
      metadata["tool_call_id"] ?? metadata["finish_reason"],
      metrics["reasoning_output_tokens"],
      tags["integration"]
    ])

  it.effect("records calls and tools as the layer does", () =>
    Effect.gen(function*() {
      const program = Effect.gen(function*() {
        yield* asked("weather of Oslo, weather of Rome")
        yield* LanguageModel.generateObject({ prompt: "Capital", schema: Schema.Struct({ city: Schema.String }) })
      }).pipe(LLMObs.workflow("support"))
      const both = [yield* spansOf(program), yield* events(program)] as const
      const isOf = ({ kind }: ObservedSpan) => kind !== "workflow"
      const [byHooks, byModel] = both.map((spans) => {
        const base = spans[0]!.startMillis
        return shapes(spans.filter(isOf).map((span) => ({ ...span, startMillis: span.startMillis - base })))
      })
      assert.deepStrictEqual(byModel, byHooks)
      assert.deepStrictEqual(
        both[1].map((span) => span.toolDefinitions?.length),
        both[0].map((span) => span.toolDefinitions?.length)
      )
    }))

  it.effect("records a tool that fails the call as an error, and the answer of the model as a success", () =>
    Effect.gen(function*() {
      const spans = yield* events(asked("weather of Nowhere, population of Nowhere"))
      assert.deepStrictEqual(
        spans.map(({ durationMillis, error, kind, model }) => [kind, model, durationMillis, error?.type]),
        [["llm", "gpt-5", 30, undefined], ["tool", undefined, 80, "NoStation"], ["tool", undefined, 0, "NoStation"]]
      )
    }))

  it.effect("leaves calls of a model whose answers throw when they are read as they were, and ends their events", () =>
    Effect.gen(function*() {
      const part = Object.defineProperty({}, "type", {
        get: () => {
          throw new Error("no")
        }
      })
      const response = { content: [part] }
      const model = yield* LanguageModel.LanguageModel.pipe(
        Effect.provide(EffectAi.instrument(Layer.succeed(LanguageModel.LanguageModel, {
          generateText: () => Effect.succeed(response),
          generateObject: () =>
            Effect.succeed(Object.defineProperty({}, "content", {
              get: () => {
                throw new Error("no")
              }
            })),
          streamText: () => Stream.make(part)
        } as never)))
      )
      const exits = yield* Effect.all([
        Effect.exit(model.generateText({ prompt: "Hi" })),
        Effect.exit(model.generateObject({ prompt: "Hi", schema: Schema.Struct({}) })),
        Effect.exit(Stream.runDrain(model.streamText({ prompt: "Hi" })))
      ])
      assert.deepStrictEqual(exits.map(({ _tag }) => _tag), ["Success", "Success", "Success"])
      const spans = yield* Testing.events()
      assert.deepStrictEqual(spans.map(({ kind, status }) => [kind, status]), Array(3).fill(["llm", "ok"]))
    }).pipe(Effect.provide(Testing.layer())))

  it.effect("records streams with the time to their first part, also those that break or are left early", () =>
    Effect.gen(function*() {
      const spans = yield* events(Effect.gen(function*() {
        yield* Stream.runDrain(streamed("weather of Oslo"))
        yield* Stream.runDrain(LanguageModel.streamText({ prompt: "Hi" }).pipe(Stream.take(3)))
        yield* Effect.exit(Stream.runDrain(LanguageModel.streamText({ prompt: "please break" })))
      }))
      assert.deepStrictEqual(
        ofKind(spans, "llm").map(({ durationMillis, error, metrics, output }) => [
          durationMillis,
          error?.message,
          metrics["time_to_first_token"],
          output.messages
        ]),
        [
          [35, undefined, 0.005, [{ ...answer, tool_calls: called("Oslo") }]],
          [15, undefined, 0.005, [{ role: "assistant", content: "hel" }]],
          [15, "FakeModel.streamText: Rate limit exceeded", 0.005, [{ role: "assistant", content: "hel" }]]
        ]
      )
      assert.deepStrictEqual(ofKind(spans, "tool").map(({ output, parentId }) => [output.value, parentId]), [
        ["{\"degrees\":4}", spans[0]?.spanId]
      ])
    }))

  it.effect("records embeddings with their inputs, size and tokens", () =>
    Effect.gen(function*() {
      const Embeddings = EffectAi.instrument(
        Layer.effect(
          EmbeddingModel.EmbeddingModel,
          EmbeddingModel.make({
            embedMany: ({ inputs }) => Effect.succeed({ results: inputs.map(() => [1, 2]), usage: { inputTokens: 7 } })
          })
        ),
        { model: "text-embedding-3-small", provider: "openai" }
      )
      const spans = yield* spansOf(
        Effect.gen(function*() {
          const model = yield* EmbeddingModel.EmbeddingModel
          yield* model.embed("one")
          yield* model.embedMany(["two", "three"])
        }).pipe(Effect.provide(Embeddings)),
        Testing.layer()
      )
      assert.deepStrictEqual(
        spans.map((
          { input, kind, metrics, model, output }
        ) => [kind, model, Testing.texts(input), output.value, metrics]),
        [
          ["embedding", "text-embedding-3-small", ["one"], "[1 embedding(s) returned with size 2]", {}],
          ["embedding", "text-embedding-3-small", ["two", "three"], "[2 embedding(s) returned with size 2]", {
            input_tokens: 7
          }]
        ]
      )
    }))

  it.effect("records a call once together with the layer, and changes nothing without a layer", () =>
    Effect.gen(function*() {
      const spans = yield* events(asked("weather of Oslo"), live())
      assert.deepStrictEqual(spans.map(({ kind }) => kind), ["llm", "tool", "retrieval"])
      const exit = yield* elapse(Effect.provide(LanguageModel.generateText({ prompt: "Hi" }), Model))
      assert.strictEqual(exit._tag, "Success")
    }))
})
