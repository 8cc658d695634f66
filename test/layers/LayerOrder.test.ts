import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import * as Layer from "effect/Layer"
import * as Tracer from "effect/Tracer"
import * as DevAgent from "../../src/adapters/devagent/DevAgent.ts"
import * as LLMObs from "../../src/layers/LLMObs.ts"
import * as Observed from "./Observed.ts"

const chat = Effect.void.pipe(LLMObs.llm("chat"))

/** A tracer of another maker, as a layer, and the names of the spans that it made. */
const other = () => {
  const names: Array<string> = []
  const layer = Layer.effect(
    Tracer.Tracer,
    Effect.sync(() =>
      Tracer.make({
        span: (options) => {
          names.push(options.name)
          return new Tracer.NativeSpan(options)
        }
      })
    )
  )
  return { names, layer }
}

const run = (layers: (llmobs: Layer.Layer<never>) => Layer.Layer<never>, program: Effect.Effect<unknown> = chat) =>
  Effect.gen(function*() {
    const agent = yield* DevAgent.make()
    const { layer, lines } = Observed.warnings()
    yield* Effect.andThen(Effect.repeat(program, { times: 2 }), LLMObs.flush).pipe(
      Effect.provide(layers(Observed.layerOf(agent))),
      Effect.provide(layer)
    )
    return { lines, events: Observed.names(agent), spans: Observed.spans(agent).map((span) => span.name) }
  })

describe("merged layers", () => {
  class Server extends Context.Service<Server, void>()("Server") {}

  it.live("warns once, with the fix, of spans that start outside of a merged layer", () =>
    Effect.gen(function*() {
      // As a server does: its requests run in the context that its layer was built in.
      const request = yield* Latch.make()
      const answered = yield* Latch.make()
      const requests = Effect.andThen(request.await, Effect.andThen(Effect.andThen(chat, chat), answered.open))
      const server = Layer.effect(Server, Effect.asVoid(Effect.forkScoped(requests)))
      const { events, lines } = yield* run(
        (llmobs) => Layer.mergeAll(server, llmobs) as Layer.Layer<never>,
        Effect.andThen(request.open, answered.await)
      )
      assert.deepStrictEqual(events, [])
      assert.deepStrictEqual(lines, [
        "effect-llmobs: The span \"chat\" started outside of the layer of LLM Observability, so it is not recorded. " +
        "Layer.mergeAll gives no layer to another: write Server.pipe(Layer.provide(LLMObs)) instead of " +
        "Layer.mergeAll(Server, LLMObs). See docs/troubleshooting.md."
      ])
    }))

  it.live("records every span and warns of none when the layers are provided", () =>
    Effect.gen(function*() {
      const server = Layer.effect(Server, Effect.andThen(chat, chat))
      const { events, lines } = yield* run(
        (llmobs) => server.pipe(Layer.provideMerge(llmobs)) as Layer.Layer<never>,
        Effect.void
      )
      assert.deepStrictEqual(events, ["chat", "chat"])
      assert.deepStrictEqual(lines, [])
    }))

  it("warns of no span that starts where no layer is alive", () => Effect.runPromise(chat))
})

describe("a second tracer beside the layer's", () => {
  it.live("warns once of a tracer merged after the layer, which hides it, and delivers the events all the same", () =>
    Effect.gen(function*() {
      const { layer, names } = other()
      const { events, lines } = yield* run((llmobs) => Layer.mergeAll(llmobs, layer))
      assert.deepStrictEqual(names, ["chat", "chat", "chat"])
      assert.deepStrictEqual(events, ["chat", "chat", "chat"])
      assert.strictEqual(lines.length, 1)
      assert.include(lines[0]!, "The span \"chat\" was made by another tracer, which hides the one of LLMObs.")
    }))

  it.live("warns once of a tracer merged before the layer, which the layer hides", () =>
    Effect.gen(function*() {
      const { layer, names } = other()
      const { events, lines, spans } = yield* run((llmobs) => Layer.mergeAll(layer, llmobs))
      assert.deepStrictEqual(names, [])
      assert.deepStrictEqual(events, ["chat", "chat", "chat"])
      assert.deepStrictEqual(spans, ["chat", "chat", "chat"])
      assert.strictEqual(lines.length, 1)
      assert.include(lines[0]!, "The span \"chat\" was made by the tracer of LLMObs, which hides another tracer")
    }))

  it.live("uses a tracer that is provided to the layer, without a warning", () =>
    Effect.gen(function*() {
      const { layer, names } = other()
      const { events, lines } = yield* run((llmobs) => llmobs.pipe(Layer.provideMerge(layer)))
      assert.deepStrictEqual(names, ["chat", "chat", "chat"])
      assert.deepStrictEqual(events, ["chat", "chat", "chat"])
      assert.deepStrictEqual(lines, [])
    }))
})
