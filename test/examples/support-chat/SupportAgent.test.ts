/** The agent of the example, tested as an application tests its own: with a model that says what the test wants. */
import { assert, describe, it } from "@effect/vitest"
import * as EffectAi from "effect-llmobs/EffectAi"
import * as Testing from "effect-llmobs/Testing"
import * as LanguageModel from "effect/ai/LanguageModel"
import * as Model from "effect/ai/Model"
import type * as Response from "effect/ai/Response"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import * as SupportAgent from "../../../examples/support-chat/SupportAgent.ts"

const usage = { inputTokens: 40, outputTokens: 8 }

const finish: Response.FinishPartEncoded = {
  type: "finish",
  reason: "stop",
  usage: {
    inputTokens: { total: usage.inputTokens, uncached: undefined, cacheRead: undefined, cacheWrite: undefined },
    outputTokens: { total: usage.outputTokens, text: undefined, reasoning: undefined }
  },
  response: undefined
}

const names = Model.make("openai", "gpt-5-mini", Layer.empty)

/** A model that asks for a parcel if it is given one, and then answers in two pieces, 500 ms after it was asked. */
const model = (parcel: string | undefined): Layer.Layer<LanguageModel.LanguageModel> =>
  Layer.effect(
    LanguageModel.LanguageModel,
    LanguageModel.make({
      generateText: () =>
        Effect.as(TestClock.adjust("100 millis"), [
          ...(parcel === undefined
            ? []
            : [{ type: "tool-call" as const, id: "call-1", name: "track_parcel", params: { parcel } }]),
          finish
        ]),
      streamText: () =>
        Stream.fromIterable<Response.StreamPartEncoded>([
          { type: "text-start", id: "1" },
          { type: "text-delta", id: "1", delta: "It is " },
          { type: "text-delta", id: "1", delta: "in Lyon." },
          { type: "text-end", id: "1" },
          finish
        ]).pipe(Stream.tap(() => TestClock.adjust("100 millis")))
    })
  )

const ask = (question: SupportAgent.Question, parcel?: string) =>
  SupportAgent.reply(question).pipe(Effect.provide([model(parcel), names, SupportAgent.Handlers]))

const test = Effect.provide(EffectAi.layer.pipe(Layer.provideMerge(Testing.layer({ mlApp: "support-chat" }))))

describe("SupportAgent", () => {
  it.effect("looks up the help pages, decides, tracks the parcel and answers, in one trace of the call's session", () =>
    Effect.gen(function*() {
      yield* ask({ text: "Where is my parcel PX-1004?", callId: "call-7" }, "PX-1004")

      const workflow = Testing.workflow("support-chat")
      yield* Testing.expectRetrieval("help-pages").childOf(workflow).withMetadata({ pages: 2 }).once()
      yield* Testing.expectTool("track_parcel").childOf(workflow).withInput({ parcel: "PX-1004" }).withOutput(/Lyon/)
      yield* Testing.expectLlm({ name: "LanguageModel.streamText", model: "gpt-5-mini" }).under(workflow).withSession(
        "call-7"
      )
        .withInput(/^Answer from these pages/).withOutput("It is in Lyon.").withMetrics(usage)
      yield* Testing.expectSpan().withSession("call-7").withTags({ team: "support" }).times(5)
      yield* Testing.expectNothingLost
    }).pipe(test))

  it.effect("measures the whole answer", () =>
    Effect.gen(function*() {
      yield* ask({ text: "When do you send it?" })
      const [answer] = yield* Testing.expectLlm("LanguageModel.streamText")
      assert.strictEqual(answer!.durationMillis, 500)
    }).pipe(test))

  it.effect("calls no tool when the model asks for none", () =>
    Effect.gen(function*() {
      yield* ask({ text: "How do I send something back?" })
      yield* Testing.expectTool().never()
      yield* Testing.expectLlm().times(2)
    }).pipe(test))

  it.effect("fails the tool and the workflow over a parcel that does not exist, and does not answer", () =>
    Effect.gen(function*() {
      yield* Effect.ignore(ask({ text: "Where is my parcel?" }, "nowhere"))
      yield* Testing.expectTool("track_parcel").withError("UnknownParcel")
      yield* Testing.expectWorkflow("support-chat").withError("UnknownParcel")
      yield* Testing.expectLlm("LanguageModel.streamText").never()
    }).pipe(test))

  it.effect("records telemetry without findings of the linter", () =>
    Effect.gen(function*() {
      yield* ask({ text: "Where is my parcel PX-1004?", callId: "call-7" }, "PX-1004")
      yield* Testing.expectNoFindings()
    }).pipe(test))
})
