/**
 * A language model of `effect/ai` that answers by itself, so that the example needs no key and no network. It stands where
 * an application has `OpenAiLanguageModel.model("gpt-5-mini")` of `@effect/ai-openai`, and knows nothing of the program.
 *
 * As a model it is modest. Offered tools and not yet served by one, it calls `track_parcel` with the parcel number of the
 * question; else it makes a sentence of the tool's result.
 */
import * as LanguageModel from "effect/ai/LanguageModel"
import type * as Prompt from "effect/ai/Prompt"
import type * as Response from "effect/ai/Response"
import * as Telemetry from "effect/ai/Telemetry"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import * as Witness from "./Witness.ts"

// The name of the model, as the spans have it.
const name = "gpt-5-mini"

// Between two pieces of a stream, so that a stream takes its time.
const pause = "2 millis"

const textOf = ({ content }: Prompt.Message): string =>
  typeof content === "string" ? content : content.map((part) => part.type === "text" ? part.text : "").join("")

const tokens = (text: string): number => Math.ceil(text.length / 4)

const resultOf = ({ content }: Prompt.Prompt): { readonly [key: string]: string } | undefined =>
  content.flatMap((message) => message.role === "tool" ? message.content : [])
    .findLast((part) => part.type === "tool-result")?.result as { readonly [key: string]: string } | undefined

const sentence = (prompt: Prompt.Prompt): string => {
  const found = resultOf(prompt)
  if (found === undefined) return "Tell me the number of your parcel, please: it starts with PX."
  return `Your parcel ${found["parcel"]} is ${found["status"]} (${found["place"]}); expected: ${found["expected"]}. ` +
    "Is there anything else that I can do for you?"
}

const callOf = ({ prompt, tools }: LanguageModel.ProviderOptions): Response.ToolCallPartEncoded | undefined => {
  const last = prompt.content.at(-1)
  const parcel = last?.role === "user" ? /PX-\d{4}/.exec(textOf(last))?.[0] : undefined
  return parcel === undefined || tools.length === 0
    ? undefined
    : { type: "tool-call", id: `call_${parcel.replace("-", "")}`, name: "track_parcel", params: { parcel } }
}

const finish = ({ prompt }: LanguageModel.ProviderOptions, said: string, reason: Response.FinishReason) => ({
  type: "finish" as const,
  reason,
  usage: {
    inputTokens: {
      total: prompt.content.reduce((sum, message) => sum + 4 + tokens(textOf(message)), 0),
      uncached: undefined,
      cacheRead: undefined,
      cacheWrite: undefined
    },
    outputTokens: { total: tokens(said), text: undefined, reasoning: undefined }
  },
  response: undefined
})

// Every provider of effect/ai describes its requests and answers like this.
const describe = (
  { span }: LanguageModel.ProviderOptions,
  { reason, usage }: Pick<ReturnType<typeof finish>, "reason" | "usage">
): void =>
  Telemetry.addGenAIAnnotations(span, {
    provider: { name: "openai" },
    operation: { name: "chat" },
    request: { model: name },
    response: { model: name, finishReasons: [reason] },
    usage: { inputTokens: usage.inputTokens.total, outputTokens: usage.outputTokens.total }
  })

const generate = (options: LanguageModel.ProviderOptions): Effect.Effect<Array<Response.PartEncoded>> =>
  Effect.andThen(
    Witness.call(options.span),
    Effect.sync(() => {
      const call = callOf(options)
      const said = call === undefined ? sentence(options.prompt) : JSON.stringify(call.params)
      const end = finish(options, said, call === undefined ? "stop" : "tool-calls")
      describe(options, end)
      return [call ?? { type: "text", text: said }, end]
    })
  )

const stream = (options: LanguageModel.ProviderOptions): Stream.Stream<Response.StreamPartEncoded> =>
  Stream.unwrap(Effect.map(Witness.call(options.span), () => {
    const said = sentence(options.prompt)
    const end = finish(options, said, "stop")
    const parts: ReadonlyArray<Response.StreamPartEncoded> = [
      { type: "text-start", id: "1" },
      ...(said.match(/(?:\S+\s*){1,4}/g) ?? []).map((delta) => ({ type: "text-delta" as const, id: "1", delta })),
      { type: "text-end", id: "1" },
      end
    ]
    return Stream.fromIterable(parts).pipe(
      Stream.rechunk(1),
      Stream.tap((part) => part === end ? Effect.sync(() => describe(options, end)) : Effect.sleep(pause))
    )
  }))

/** The model. */
export const layer: Layer.Layer<LanguageModel.LanguageModel> = Layer.effect(
  LanguageModel.LanguageModel,
  LanguageModel.make({ generateText: generate, streamText: stream })
)
