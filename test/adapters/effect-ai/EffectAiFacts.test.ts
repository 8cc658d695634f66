/** The facts about `effect/ai` that the adapter rests on. A release of Effect that changes one fails the test of its name. */
import { assert, describe, it } from "@effect/vitest"
import * as LanguageModel from "effect/ai/LanguageModel"
import * as Model from "effect/ai/Model"
import type * as Response from "effect/ai/Response"
import * as ResponseIdTracker from "effect/ai/ResponseIdTracker"
import * as Telemetry from "effect/ai/Telemetry"
import * as Tool from "effect/ai/Tool"
import * as Toolkit from "effect/ai/Toolkit"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as Tracer from "effect/Tracer"

const calls = [{ type: "tool-call", id: "1", name: "echo", params: { text: "a" } }, {
  type: "tool-call",
  id: "2",
  name: "echo",
  params: { text: "b" }
}] as const

const text = [{ type: "text", text: "{\"a\":1}" }] as const

const model = (options: {
  readonly onRequest?: Effect.Effect<void>
  readonly fails?: boolean
} = {}) =>
  Layer.effect(
    LanguageModel.LanguageModel,
    LanguageModel.make({
      generateText: ({ tools }) =>
        Effect.andThen(
          options.onRequest ?? Effect.void,
          options.fails ? Effect.die("refused") : Effect.succeed(tools.length > 0 ? [...calls] : [...text])
        ),
      streamText: ({ tools }) =>
        Stream.fromIterable<Response.StreamPartEncoded>(
          tools.length > 0 ? [...calls] : [
            { type: "text-start", id: "1" } as const,
            { type: "text-delta", id: "1", delta: "a" } as const
          ]
        ).pipe(Stream.onStart(options.onRequest ?? Effect.void))
    })
  )

const Tools = Toolkit.make(
  Tool.make("echo", { parameters: Schema.Struct({ text: Schema.String }), success: Schema.String })
)

class Around extends Context.Service<Around, string>()("test/Around") {}

const echo = (body: Effect.Effect<unknown> = Effect.void) =>
  Tools.toLayer(Effect.succeed({ echo: ({ text }) => Effect.as(body, text) }))

/** A tracer that keeps its spans, and what is called when one is opened. */
const tracing = (onSpan: (span: Tracer.Span) => void = () => {}) => {
  const spans: Array<Tracer.NativeSpan> = []
  const tracer = Tracer.make({
    span: (options) => {
      const span = new Tracer.NativeSpan(options)
      spans.push(span)
      onSpan(span)
      return span
    }
  })
  return { spans, within: Effect.provideService(Tracer.Tracer, tracer) }
}

const current = Effect.withFiber((fiber) => Effect.succeed(Context.getOrUndefined(fiber.context, Tracer.ParentSpan)))

const withTools = (concurrency?: number) =>
  Effect.flatMap(
    Tools,
    (toolkit) => LanguageModel.generateText({ prompt: "Hi", toolkit, ...(concurrency && { concurrency }) })
  )

const object = LanguageModel.generateObject({ prompt: "Hi", schema: Schema.Struct({ a: Schema.Number }) })

describe("effect/ai", () => {
  for (
    const [name, call] of [
      ["LanguageModel.generateText", LanguageModel.generateText({ prompt: "Hi" })],
      ["LanguageModel.generateObject", object]
    ] as const
  ) {
    it.effect(`opens a client span around a call, and makes it the parent of the request: ${name}`, () =>
      Effect.gen(function*() {
        const { spans, within } = tracing()
        let parent: Tracer.AnySpan | undefined
        const onRequest = Effect.map(current, (span) => {
          parent = span
        })
        yield* within(
          Effect.provide(call as Effect.Effect<unknown, unknown, LanguageModel.LanguageModel>, model({ onRequest }))
        )
        assert.deepStrictEqual(spans.map(({ kind, name }) => [name, kind]), [[name, "client"]])
        assert.strictEqual(parent, spans[0])
      }))
  }

  it.effect("opens the span of a stream in its scope, and does not make it the parent", () =>
    Effect.gen(function*() {
      const { spans, within } = tracing()
      let parent: Tracer.AnySpan | undefined
      const onRequest = Effect.map(current, (span) => {
        parent = span
      })
      yield* LanguageModel.streamText({ prompt: "Hi" }).pipe(
        Stream.runDrain,
        Effect.provide(model({ onRequest })),
        Effect.withSpan("around"),
        within
      )
      assert.deepStrictEqual(spans.map(({ kind, name, status }) => [name, kind, status._tag]), [
        ["around", "internal", "Ended"],
        ["LanguageModel.streamText", "client", "Ended"]
      ])
      assert.strictEqual(parent, spans[0])
    }))

  it.effect("opens the span in the fiber of the caller, whose changed context then holds inside the call", () =>
    Effect.gen(function*() {
      const fibers: Array<unknown> = []
      const { within } = tracing(() => {
        const fiber = Fiber.getCurrent()!
        fibers.push(fiber)
        fiber.setContext(Context.add(fiber.context, Around, "inside"))
      })
      const seen: Array<unknown> = []
      const onRequest = Effect.withFiber((fiber) =>
        Effect.sync(() => seen.push(Context.getOrUndefined(fiber.context, Around)))
      )
      yield* Effect.withFiber((fiber) => {
        fibers.push(fiber)
        return within(Effect.provide(LanguageModel.generateText({ prompt: "Hi" }), model({ onRequest })))
      })
      assert.strictEqual(fibers[0], fibers[1])
      assert.deepStrictEqual(seen, ["inside"])
    }))

  it.effect("asks the provider once for a call with tools, and opens no span for them", () =>
    Effect.gen(function*() {
      const { spans, within } = tracing()
      let requests = 0
      const onRequest = Effect.sync(() => {
        requests++
      })
      const { content } = yield* within(Effect.provide(withTools(), [model({ onRequest }), echo()]))
      assert.deepStrictEqual([requests, spans.length], [1, 1])
      assert.deepStrictEqual(content.map(({ type }) => type), ["tool-call", "tool-call", "tool-result", "tool-result"])
    }))

  it.effect("ends a span with an exit that has the parts of the response", () =>
    Effect.gen(function*() {
      const { spans, within } = tracing()
      const { content } = yield* within(Effect.provide(LanguageModel.generateText({ prompt: "Hi" }), model()))
      const { status } = spans[0]!
      assert.isTrue(
        status._tag === "Ended" && Exit.isSuccess(status.exit) &&
          (status.exit.value as { readonly content: unknown }).content === content
      )
    }))

  it.effect("calls the transformer of the caller before that of the model, after a success and at the end of a stream", () =>
    Effect.gen(function*() {
      const seen: Array<string> = []
      const transformer = (name: string) =>
        Layer.succeed(Telemetry.CurrentSpanTransformer, ({ prompt, response, span, tools }) => {
          seen.push([name, span.name.slice(14), prompt.content.length, response.length, tools.length].join(" "))
        })
      const Model = model().pipe(Layer.provide(transformer("model")))
      yield* Effect.provide(LanguageModel.generateText({ prompt: "Hi" }), Model)
      yield* Effect.provide(withTools(), [Model, echo(), transformer("caller")])
      yield* Effect.exit(Effect.provide(withTools(), [
        model({ fails: true }).pipe(Layer.provide(transformer("model"))),
        echo()
      ]))
      yield* LanguageModel.streamText({ prompt: "Hi" }).pipe(Stream.take(1), Stream.runDrain, Effect.provide(Model))
      assert.deepStrictEqual(seen, ["model generateText 1 1 0", "caller generateText 1 4 1", "model streamText 1 2 0"])
    }))

  it.effect("fails a call with the defect of a transformer that throws", () =>
    Effect.gen(function*() {
      const thrown = Layer.succeed(Telemetry.CurrentSpanTransformer, () => {
        throw new Error("transformer")
      })
      const exit = yield* Effect.exit(Effect.provide(LanguageModel.generateText({ prompt: "Hi" }), [model(), thrown]))
      assert.isTrue(Exit.isFailure(exit) && Cause.hasDies(exit.cause))
    }))

  it.effect("gives the tracker of the caller the prompt before the provider is asked, the same object as the transformer", () =>
    Effect.gen(function*() {
      const seen: Array<unknown> = []
      const services = Layer.mergeAll(
        Layer.succeed(ResponseIdTracker.ResponseIdTracker, {
          clearUnsafe: () => {},
          markParts: () => {},
          prepareUnsafe: (prompt) => {
            seen.push(prompt)
            return Option.none()
          }
        }),
        Layer.succeed(Telemetry.CurrentSpanTransformer, ({ prompt }) => {
          seen.push(prompt)
        })
      )
      const onRequest = Effect.sync(() => {
        seen.push("request")
      })
      yield* Effect.provide(LanguageModel.generateText({ prompt: "Hi" }), [model({ onRequest }), services])
      yield* Effect.provide(Stream.runDrain(LanguageModel.streamText({ prompt: "Hi" })), [
        model({ onRequest }),
        services
      ])
      assert.deepStrictEqual([seen[1], seen[4]], ["request", "request"])
      assert.strictEqual(seen[0], seen[2])
      assert.strictEqual(seen[3], seen[5])
    }))

  for (
    const [name, run] of [
      ["all at once", withTools()],
      ["one by one", withTools(1)],
      [
        "in a stream",
        Effect.flatMap(Tools, (toolkit) => Stream.runDrain(LanguageModel.streamText({ prompt: "Hi", toolkit })))
      ]
    ] as const
  ) {
    it.effect(`names a tool and its parameters on the current span before the handler starts, with tools ${name}`, () =>
      Effect.gen(function*() {
        const seen: Array<unknown> = []
        const fibers = new Set<unknown>()
        const { within } = tracing((span) => {
          const fiber = Fiber.getCurrent()!
          // A stream does not make its span the current one.
          if (span.name === "LanguageModel.streamText") {
            fiber.setContext(Context.add(fiber.context, Tracer.ParentSpan, span))
          }
          span.attribute = (key, value) => {
            if (key !== "tool" && key !== "parameters") return
            const fiber = Fiber.getCurrent()!
            fibers.add(fiber)
            seen.push(key === "tool" ? value : (value as { readonly text: string }).text)
            fiber.setContext(Context.add(fiber.context, Around, "of the fiber"))
          }
        })
        const handler = Effect.withFiber((fiber) =>
          Effect.sync(() => {
            seen.push(Context.getOrUndefined(fiber.context, Around))
            assert.isFalse(fibers.has(fiber), "the handler has a fiber of its own")
          })
        )
        yield* within(Effect.provide(run as Effect.Effect<unknown, unknown, never>, [
          model(),
          echo(handler).pipe(Layer.provideMerge(Layer.succeed(Around, "of the handlers")))
        ]))
        const order = name === "one by one"
          ? ["echo", "a", "of the fiber", "echo", "b", "of the fiber"]
          : ["echo", "a", "echo", "b", "of the fiber", "of the fiber"]
        assert.deepStrictEqual(seen, order)
        if (name !== "one by one") assert.strictEqual(fibers.size, 2)
      }))
  }

  it.effect("tells names of a model by services, where the model was made with them", () =>
    Effect.gen(function*() {
      const names = yield* Effect.all([Model.ProviderName, Model.ModelName]).pipe(
        Effect.provide(Model.make("acme", "m-1", model()))
      )
      assert.deepStrictEqual(names, ["acme", "m-1"])
    }))
})
