/**
 * Google's generateContent and streamGenerateContent.
 */
import type { Fields, Question, Reply, ServerEvent, Wire } from "./Wire.ts"
import { isFields, list, pieces, text, textOf, tokens } from "./Wire.ts"

const path = /\/models\/([^/:]+):(generateContent|streamGenerateContent)$/

// Thoughts are not part of the candidates here.
const usageMetadata = {
  promptTokenCount: tokens.input,
  candidatesTokenCount: tokens.output - tokens.reasoning,
  thoughtsTokenCount: tokens.reasoning,
  cachedContentTokenCount: tokens.cached,
  totalTokenCount: tokens.total
}

const question = (at: string, body: Fields): Question => {
  const contents = list(body["contents"])
  const isResult = (content: Fields | undefined) =>
    list(content?.["parts"]).some((part) => isFields(part["functionResponse"]))
  const [, model = "", method] = path.exec(at) ?? []
  return {
    text: textOf(contents.findLast((content) => content["role"] !== "model" && !isResult(content))?.["parts"]),
    tools: list(body["tools"]).flatMap((tool) => list(tool["functionDeclarations"])).map((tool) => ({
      name: text(tool["name"]),
      schema: tool["parametersJsonSchema"] ?? tool["parameters"]
    })),
    hasToolResult: isResult(contents.at(-1)),
    isStream: method === "streamGenerateContent",
    model,
    body
  }
}

const answer = ({ model }: Question, parts: ReadonlyArray<Fields>, finishReason?: string): Fields => ({
  candidates: [{
    index: 0,
    content: { role: "model", parts },
    ...(finishReason === undefined ? {} : { finishReason })
  }],
  modelVersion: `${model}-001`,
  responseId: "gemini-local",
  usageMetadata
})

const thoughts = (texts: ReadonlyArray<string>): ReadonlyArray<Fields> => texts.map((text) => ({ text, thought: true }))

const functionCall = (call: NonNullable<Reply["call"]>): Fields => ({
  functionCall: { id: "call_1", name: call.name, args: call.arguments }
})

const stream = (question: Question, { call, text, thought }: Reply): ReadonlyArray<ServerEvent> => {
  const parts = [
    ...thoughts(thought === undefined ? [] : pieces(thought)),
    ...(call === undefined ? pieces(text).map((text) => ({ text })) : [functionCall(call)])
  ]
  return parts.map((part, index) => ({
    data: answer(question, [part], index === parts.length - 1 ? "STOP" : undefined)
  }))
}

const names: { readonly [status: number]: string } = {
  400: "INVALID_ARGUMENT",
  401: "UNAUTHENTICATED",
  404: "NOT_FOUND",
  429: "RESOURCE_EXHAUSTED",
  500: "INTERNAL",
  503: "UNAVAILABLE"
}

export const wire: Wire = {
  matches: (at) => path.test(at),
  question,
  whole: (question, { call, text, thought }) =>
    answer(
      question,
      [...thoughts(thought === undefined ? [] : [thought]), call === undefined ? { text } : functionCall(call)],
      "STOP"
    ),
  stream,
  failure: (code, message) => ({ error: { code, message, status: names[code] ?? "UNKNOWN" } }),
  headers: {}
}
