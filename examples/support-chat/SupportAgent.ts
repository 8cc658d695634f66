/**
 * The agent that answers customers: look something up, ask the model, do what it asks for, let it answer.
 *
 * This file is what an application writes. The calls of the model and its tools are plain `effect/ai`, without a line of
 * instrumentation; the workflow and the search, which nothing else knows of, are ordinary functions whose last line says
 * which kind of span they are. Nothing here knows of traces, Agents or browsers. (`Witness.sees` takes down what the
 * demonstration later compares with the Agent; an application has nothing like it.)
 */
import * as LLMObs from "effect-llmobs/LLMObs"
import * as LanguageModel from "effect/ai/LanguageModel"
import * as Prompt from "effect/ai/Prompt"
import * as Tool from "effect/ai/Tool"
import * as Toolkit from "effect/ai/Toolkit"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as HelpPages from "./HelpPages.ts"
import * as Parcels from "./Parcels.ts"
import * as Witness from "./Witness.ts"

// The tools that the model may call.
const Tools = Toolkit.make(
  Tool.make("track_parcel", {
    description: "Finds a parcel by its number.",
    parameters: Schema.Struct({ parcel: Schema.String }),
    success: Parcels.Whereabouts,
    failure: Parcels.UnknownParcel
  })
)

/** The work that the tools do. */
export const Handlers = Tools.toLayer({
  track_parcel: ({ parcel }) => Witness.sees(Parcels.find(parcel))
})

const search = Effect.fn(
  function*(question: string) {
    const hits = HelpPages.search(question)
    yield* LLMObs.annotateCurrentSpan({ input: question, output: hits, metadata: { pages: hits.length } })
    return hits
  },
  Witness.sees,
  LLMObs.retrieval("help-pages")
)

/** The question of a customer. `callId` is present if it comes from a phone call. */
export interface Question {
  readonly text: string
  readonly callId?: string | undefined
}

/** Answers a customer. */
export const reply = Effect.fn(
  function*(question: Question) {
    yield* LLMObs.annotateCurrentSpan({ input: question.text })
    // A phone call has a session of its own; a browser's is found in the request without a word from us.
    if (question.callId !== undefined) yield* LLMObs.annotateCurrentSpan({ sessionId: question.callId })

    const hits = yield* search(question.text)
    const asked = Prompt.make([
      { role: "system", content: `Answer from these pages.\n${hits.map((hit) => `- ${hit.text}`).join("\n")}` },
      { role: "user", content: question.text }
    ])
    const decision = yield* LanguageModel.generateText({ prompt: asked, toolkit: yield* Tools })
    const answer = LanguageModel.streamText({
      prompt: Prompt.concat(asked, Prompt.fromResponseParts(decision.content))
    })
    const text = yield* Stream.runFold(
      answer,
      () => "",
      (text, part) => part.type === "text-delta" ? text + part.delta : text
    )

    yield* LLMObs.annotateCurrentSpan({ output: text, tags: { answered_from: hits[0]?.id ?? "nothing" } })
    return text
  },
  Witness.sees,
  LLMObs.workflow("support-chat"),
  LLMObs.annotateSpans({ tags: { team: "support" } })
)
