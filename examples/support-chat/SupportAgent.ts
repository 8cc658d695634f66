/**
 * The agent that answers customers: look something up, ask the model, do what it asks for, let it answer.
 *
 * This file is what an application writes. Each step is an ordinary function; its last line says which kind of span it
 * is, and `annotateCurrentSpan` what it worked on. Nothing here knows of traces, Agents or browsers. (`Witness.sees`
 * takes down what the demonstration later compares with the Agent; an application has nothing like it.)
 */
import * as LLMObs from "effect-llmobs/LLMObs"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as ChatModel from "./ChatModel.ts"
import * as HelpPages from "./HelpPages.ts"
import * as Parcels from "./Parcels.ts"
import * as Witness from "./Witness.ts"

const model = { model: ChatModel.name, provider: "openai" }

const trackParcel: ChatModel.Tool = {
  name: "track_parcel",
  description: "Finds a parcel by its number.",
  schema: { type: "object", properties: { parcel: { type: "string" } }, required: ["parcel"] }
}

const search = Effect.fn(
  function*(question: string) {
    const hits = HelpPages.search(question)
    yield* LLMObs.annotateCurrentSpan({ input: question, output: hits, metadata: { pages: hits.length } })
    return hits
  },
  Witness.sees,
  LLMObs.retrieval("help-pages")
)

const decide = Effect.fn(
  function*(messages: ReadonlyArray<ChatModel.Message>) {
    const chat = yield* ChatModel.ChatModel
    yield* LLMObs.annotateCurrentSpan({ input: messages, toolDefinitions: [trackParcel] })
    const reply = yield* chat.ask(messages, [trackParcel])
    yield* LLMObs.annotateCurrentSpan({ output: reply.message, metrics: { ...reply.usage } })
    return reply.message
  },
  Witness.sees,
  LLMObs.llm("decide", model)
)

const track = Effect.fn(
  function*(call: ChatModel.ToolCall) {
    yield* LLMObs.annotateCurrentSpan({ input: call.arguments })
    const found = yield* Parcels.find(String(call.arguments["parcel"]))
    yield* LLMObs.annotateCurrentSpan({ output: found })
    return found
  },
  Witness.sees,
  LLMObs.tool("track-parcel", { toolVersion: "2" })
)

const answer = Effect.fn(
  function*(messages: ReadonlyArray<ChatModel.Message>) {
    const chat = yield* ChatModel.ChatModel
    yield* LLMObs.annotateCurrentSpan({ input: messages })
    const asked = yield* Clock.currentTimeMillis
    let text = ""
    yield* Stream.runForEach(chat.stream(messages), (piece) =>
      Effect.gen(function*() {
        if (text === "" && piece.text !== "") {
          const timeToFirstToken = ((yield* Clock.currentTimeMillis) - asked) / 1000
          yield* LLMObs.annotateCurrentSpan({ metrics: { timeToFirstToken } })
        }
        text += piece.text
        if (piece.usage !== undefined) yield* LLMObs.annotateCurrentSpan({ metrics: { ...piece.usage } })
      }))
    yield* LLMObs.annotateCurrentSpan({ output: { role: "assistant", content: text } })
    return text
  },
  Witness.sees,
  LLMObs.llm("answer", model)
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
    const asked: ReadonlyArray<ChatModel.Message> = [
      { role: "system", content: `Answer from these pages.\n${hits.map((hit) => `- ${hit.text}`).join("\n")}` },
      { role: "user", content: question.text }
    ]
    const decision = yield* decide(asked)
    const results = yield* Effect.forEach(
      decision.toolCalls ?? [],
      (call) =>
        Effect.map(track(call), (found): ChatModel.Message => {
          const result = JSON.stringify(found)
          return { role: "tool", content: result, toolResults: [{ toolId: call.toolId, name: call.name, result }] }
        })
    )
    const text = yield* answer([...asked, decision, ...results])

    yield* LLMObs.annotateCurrentSpan({ output: text, tags: { answered_from: hits[0]?.id ?? "nothing" } })
    return text
  },
  Witness.sees,
  LLMObs.workflow("support-chat"),
  LLMObs.annotateSpans({ tags: { team: "support" } })
)
