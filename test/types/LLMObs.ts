/**
 * Compiled and never run: what the span functions infer and require. A difference is an error of `npm run check`.
 */
import type * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import type * as Option from "effect/Option"
import type * as Stream from "effect/Stream"
import type * as Tracer from "effect/Tracer"
import type { DevAgentError } from "../../src/adapters/devagent/DevAgent.ts"
import * as LLMObs from "../../src/layers/LLMObs.ts"
import * as LLMObsStream from "../../src/layers/LLMObsStream.ts"

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends (<T>() => T extends B ? 1 : 2) ? true : false

const has = <B>() => <A>(_value: A, ..._same: Equal<A, B> extends true ? [] : ["these types differ", A]): void => {}

/** Takes a value that exists only to be type-checked. */
const unused = (_value: unknown): void => {}

interface Reply {
  readonly text: string
}

class Model extends Context.Service<Model, { readonly ask: Effect.Effect<Reply> }>()("test/Model") {}

declare const call: Effect.Effect<Reply, RangeError, Model>
declare const stream: Stream.Stream<Reply, RangeError>
declare const inSpan: Effect.Effect<Reply, RangeError, Model | Tracer.ParentSpan>

declare const anything: unknown
declare const reply: Reply
interface Usage {
  readonly prompt_tokens: number
  readonly prompt_tokens_details?: { readonly cached_tokens?: number }
}
declare const usage: Usage

/** Those of the keys that a member of the union has, as an editor offers them. */
type KeysOf<A, K extends string> = A extends unknown ? Extract<keyof A, K> : never
declare const options: LLMObs.SpanOptions

export const check = (): void => {
  // In a pipe and applied directly, with options and without; the span is provided.
  has<Effect.Effect<Reply, RangeError, Model>>()(call.pipe(LLMObs.llm("chat")))
  has<Effect.Effect<Reply, RangeError, Model>>()(inSpan.pipe(LLMObs.llm("chat", { model: "m" })))
  has<Effect.Effect<Reply, RangeError, Model>>()(LLMObs.workflow("flow")(inSpan))
  has<Effect.Effect<Reply, RangeError, Model>>()(LLMObs.workflow("flow", { sessionId: "s" })(call))
  has<Effect.Effect<Reply, RangeError, Model>>()(
    call.pipe(LLMObs.tool("a"), LLMObs.agent("b"), LLMObs.annotateSpans({ tags: { team: "ops" } }))
  )

  // `output` knows what the effect gives, in a pipe and as an argument of Effect.fn.
  const made = call.pipe(LLMObs.llm("chat", {
    output: (reply) => {
      has<Reply>()(reply)
      return reply.text
    }
  }))
  has<Effect.Effect<Reply, RangeError, Model>>()(made)
  const answer = Effect.fn(
    function*(_question: string) {
      return yield* (yield* Model).ask
    },
    LLMObs.llm("chat", {
      output: (reply) => {
        has<Reply>()(reply)
        return reply.text
      }
    })
  )
  has<(_question: string) => Effect.Effect<Reply, never, Model>>()(answer)
  const flow = Effect.fn(function*(_question: string) {
    return yield* (yield* Model).ask
  }, LLMObs.workflow("flow"))
  has<(_question: string) => Effect.Effect<Reply, never, Model>>()(flow)
  const task = Effect.fn(function*(n: number) {
    yield* Effect.currentSpan
    return n
  }, LLMObs.task("task", { input: 1 }))
  has<(n: number) => Effect.Effect<number, Cause.NoSuchElementError>>()(task)
  // @ts-expect-error a result has no such property
  unused(call.pipe(LLMObs.llm("chat", { output: (reply) => reply.nothing })))
  // @ts-expect-error it is made from what the effect gives
  unused(call.pipe(LLMObs.llm("chat", { output: (text: string) => text })))
  // An output that is no function is what is recorded.
  has<Effect.Effect<Reply, RangeError, Model>>()(call.pipe(LLMObs.task("task", { output: "said before" })))
  has<Effect.Effect<Reply, RangeError, Model>>()(call.pipe(LLMObs.task("task", { output: anything })))
  has<Effect.Effect<Reply, RangeError, Model>>()(call.pipe(LLMObs.task("task", options)))

  // The arguments and the result can be captured, by every function.
  const captured = Effect.fn(function*(_question: string) {
    return yield* (yield* Model).ask
  }, LLMObs.llm("chat", { capture: true, output: (reply) => reply.text }))
  has<(_question: string) => Effect.Effect<Reply, never, Model>>()(captured)
  has<Effect.Effect<Reply, RangeError, Model>>()(call.pipe(LLMObs.task("task", { capture: { output: true } })))
  // @ts-expect-error a span made by hand has no arguments
  unused(LLMObs.makeSpan("task", "task", { capture: true }))

  // Around streams, `output` knows the elements, or what `accumulate` keeps of them.
  has<Stream.Stream<Reply, RangeError>>()(stream.pipe(LLMObsStream.llm("chat", { capture: true })))
  has<Stream.Stream<Reply, RangeError>>()(stream.pipe(LLMObsStream.llm("chat", { output: "said before" })))
  has<Stream.Stream<Reply, RangeError>>()(stream.pipe(LLMObsStream.llm("chat", {
    output: (elements) => {
      has<ReadonlyArray<Reply>>()(elements)
      return elements.length
    }
  })))
  has<Stream.Stream<Reply, RangeError>>()(stream.pipe(LLMObsStream.llm("chat", {
    accumulate: (element) => element.text.length,
    output: (lengths) => {
      has<ReadonlyArray<number>>()(lengths)
      return lengths
    }
  })))
  // @ts-expect-error the elements are no texts
  unused(stream.pipe(LLMObsStream.llm("chat", { output: (texts: ReadonlyArray<string>) => texts })))

  // Known shapes are completed, and anything else passes: interfaces, null, functions' results, unknown.
  unused(LLMObs.annotateCurrentSpan({ input: [{ role: "user", content: "hi" }, "text"], output: reply }))
  unused(LLMObs.annotateCurrentSpan({ input: anything, output: null, metrics: null }))
  unused(LLMObs.annotateCurrentSpan({ input: 5, output: [[1, 2]], metrics: usage }))
  unused(LLMObs.annotateCurrentSpan({ metrics: { inputTokens: 1, cache_read_input_tokens: 2, own: 3 } }))
  unused(LLMObs.annotateCurrentSpan({ metrics: { inputTokens: { total: 1 }, outputTokens: { total: 2 } } }))
  const named: KeysOf<LLMObs.AnnotationInput["metrics"], "timeToFirstToken"> = "timeToFirstToken"
  unused(named)
  const offered: KeysOf<LLMObs.AnnotationInput["input"], "toolCalls" | "text"> = "toolCalls"
  unused(offered)
  // @ts-expect-error metrics are an object
  unused(LLMObs.annotateCurrentSpan({ metrics: "many" }))
  // @ts-expect-error there is no such annotation
  unused(LLMObs.annotateCurrentSpan({ outptu: 1 }))
  // @ts-expect-error input belongs to one span
  LLMObs.annotateSpans({ input: 1 })
  // @ts-expect-error the user's name is no label
  LLMObs.llm("chat", { userName: "Ann" })

  // Nothing of it is a requirement.
  has<Effect.Effect<void>>()(LLMObs.annotateCurrentSpan({ tags: { a: 1 } }))
  has<Effect.Effect<Option.Option<LLMObs.CurrentSpan>>>()(LLMObs.currentSpan)
  has<Effect.Effect<LLMObs.FlushReport>>()(LLMObs.flush)
  has<Effect.Effect<LLMObs.Ledger>>()(LLMObs.ledger)

  // A layer neither fails nor requires anything, and provides nothing that a program could require.
  has<Layer.Layer<never>>()(LLMObs.layer())
  has<Layer.Layer<never>>()(LLMObs.layerFromConfig({ mlApp: "shop" }))
  const dev = LLMObs.layerDev({ agent: { port: 0 } })
  has<Layer.Layer<LLMObs.DevAgent, DevAgentError>>()(dev)
  const provided = Effect.provide(call, LLMObs.layer())
  has<Effect.Effect<Reply, RangeError, Model>>()(provided)

  // The helper itself can fail.
  // @ts-expect-error these are two types
  has<string>()(1)
}
