/** A language model made with `LanguageModel.make`, whose answers depend on the last message of the prompt. */
import * as AiError from "effect/ai/AiError"
import * as LanguageModel from "effect/ai/LanguageModel"
import type * as Response from "effect/ai/Response"
import * as Telemetry from "effect/ai/Telemetry"
import * as Tool from "effect/ai/Tool"
import * as Toolkit from "effect/ai/Toolkit"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"

const usage: Response.FinishPartEncoded["usage"] = {
  inputTokens: { total: 100, uncached: 40, cacheRead: 60, cacheWrite: undefined },
  outputTokens: { total: 20, text: 12, reasoning: 8 }
}

/** The token counts of an answer, as its event has them. */
export const metrics = {
  input_tokens: 100,
  output_tokens: 20,
  total_tokens: 120,
  cache_read_input_tokens: 60,
  reasoning_output_tokens: 8
}

const finish = (reason: Response.FinishReason): Response.FinishPartEncoded => ({
  type: "finish",
  reason,
  usage,
  response: undefined
})

const refused = (method: string): AiError.AiError =>
  AiError.make({ module: "FakeModel", method, reason: new AiError.RateLimitError({}) })

const asked = (options: LanguageModel.ProviderOptions): void =>
  Telemetry.addGenAIAnnotations(options.span, {
    provider: { name: "openai" },
    operation: { name: "chat" },
    request: { model: "gpt-5", temperature: 0.2, maxTokens: 100 }
  })

const answered = (options: LanguageModel.ProviderOptions, reason: string): void =>
  Telemetry.addGenAIAnnotations(options.span, {
    response: { model: "gpt-5-2026", finishReasons: [reason] },
    usage: { inputTokens: 100, outputTokens: 20 }
  })

const metadata = {
  type: "response-metadata",
  id: "resp_1",
  modelId: "gpt-5-2026",
  timestamp: undefined,
  request: undefined
} as const

const calls = (text: string): ReadonlyArray<Response.ToolCallPartEncoded> =>
  [...text.matchAll(/(weather|population) of (\w+)/g)].map(([, name, city], i) => ({
    type: "tool-call",
    id: `call_${i + 1}`,
    name: name!,
    params: { city }
  }))

const whole = (options: LanguageModel.ProviderOptions) =>
  Effect.gen(function*() {
    const text = JSON.stringify(options.prompt.content)
    asked(options)
    yield* Effect.sleep(30)
    if (text.includes("please fail")) return yield* refused("generateText")
    const wanted = calls(text)
    const reason = wanted.length > 0 ? "tool-calls" : "stop"
    answered(options, reason)
    const answer = options.responseFormat.type === "json" ? `{"city":"Oslo"}` : "hello"
    return [
      metadata,
      ...(wanted.length > 0 ? [{ type: "reasoning", text: "to be looked up" } as const, ...wanted] : [
        {
          type: "text",
          text: answer
        } as const
      ]),
      finish(reason)
    ]
  })

const streamed = (options: LanguageModel.ProviderOptions) =>
  Stream.unwrap(Effect.sync(() => {
    const text = JSON.stringify(options.prompt.content)
    asked(options)
    const wanted = calls(text)
    const reason = wanted.length > 0 ? "tool-calls" : "stop"
    const parts: ReadonlyArray<Response.StreamPartEncoded> = [
      metadata,
      { type: "text-start", id: "t" },
      { type: "text-delta", id: "t", delta: "hel" },
      { type: "text-delta", id: "t", delta: "lo" },
      { type: "text-end", id: "t" },
      ...wanted,
      finish(reason)
    ]
    const broken = text.includes("please break")
    return Stream.fromIterable(broken ? parts.slice(0, 3) : parts).pipe(
      Stream.rechunk(1),
      Stream.tap((part) =>
        Effect.andThen(
          Effect.sleep(5),
          Effect.sync(() => {
            if (part.type === "finish") answered(options, reason)
          })
        )
      ),
      broken ? Stream.concat(Stream.fail(refused("streamText"))) : (self) => self
    )
  }))

/** The model. */
export const layer: Layer.Layer<LanguageModel.LanguageModel> = Layer.effect(
  LanguageModel.LanguageModel,
  LanguageModel.make({ generateText: whole, streamText: streamed })
)

const City = Schema.Struct({ city: Schema.String })

/** Fails in a city without a station. */
export class NoStation extends Schema.TaggedError<NoStation>()("NoStation", { city: Schema.String }) {}

/** A toolkit: the weather of a city fails as the call, its population in its answer. */
export const Tools = Toolkit.make(
  Tool.make("weather", {
    description: "The weather of a city",
    parameters: City,
    success: Schema.Struct({ degrees: Schema.Number }),
    failure: NoStation
  }),
  Tool.make("population", {
    parameters: City,
    success: Schema.Number,
    failure: NoStation,
    failureMode: "return"
  })
)
