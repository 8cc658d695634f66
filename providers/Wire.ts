/**
 * The wire of one provider: how it is asked, how it answers at once or in a stream, and how it fails.
 */

/** An object of JSON, as it comes. */
export interface Fields {
  readonly [key: string]: unknown
}

/** A tool that a request offers. */
export interface Tool {
  readonly name: string
  /** The JSON Schema of its arguments. */
  readonly schema: unknown
}

/** A request, in the terms that all providers share. */
export interface Question {
  /** The last text of the user. */
  readonly text: string
  readonly tools: ReadonlyArray<Tool>
  /** Whether the request holds the result of a tool, so that the model can answer now. */
  readonly hasToolResult: boolean
  readonly isStream: boolean
  readonly model: string
  readonly body: Fields
}

/** An answer, in the terms that all providers share. */
export interface Reply {
  readonly text: string
  readonly thought: string | undefined
  readonly call: { readonly name: string; readonly arguments: Fields } | undefined
}

/** A server-sent event. `data` is JSON, or a text as it is. */
export interface ServerEvent {
  readonly event?: string | undefined
  readonly data: Fields | string
}

export interface Wire {
  readonly matches: (path: string) => boolean
  readonly question: (path: string, body: Fields) => Question
  readonly whole: (question: Question, reply: Reply) => Fields
  readonly stream: (question: Question, reply: Reply) => ReadonlyArray<ServerEvent>
  readonly failure: (status: number, message: string) => Fields
  readonly headers: { readonly [name: string]: string }
}

/** The counts of every answer: `cached` and `written` are part of `input`, `reasoning` of `output`. */
export const tokens = { input: 100, cached: 60, written: 10, output: 20, reasoning: 8, total: 120 } as const

/** The same counts, by the names that events have for them. */
export const metrics = {
  input_tokens: tokens.input,
  output_tokens: tokens.output,
  total_tokens: tokens.total,
  cache_read_input_tokens: tokens.cached,
  reasoning_output_tokens: tokens.reasoning
} as const

export const isFields = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value)

export const list = (value: unknown): ReadonlyArray<Fields> => Array.isArray(value) ? value.filter(isFields) : []

export const text = (value: unknown): string => typeof value === "string" ? value : ""

/** The text of a message's content: a text, or parts with texts. */
export const textOf = (content: unknown): string =>
  typeof content === "string" ? content : list(content).map((part) => text(part["text"])).join("")

/** Two pieces of a text, as the deltas of a stream. */
export const pieces = (whole: string): ReadonlyArray<string> => {
  const middle = Math.ceil(whole.length / 2)
  return [whole.slice(0, middle), whole.slice(middle)].filter((piece) => piece !== "")
}
