/**
 * The kinds of LLM Observability span, and the fields that each one records.
 *
 * @since 0.1.0
 */

/**
 * The kind of a span, as in the event's `span.kind`.
 *
 * @category models
 * @since 0.1.0
 */
export type SpanKind =
  | "llm"
  | "agent"
  | "workflow"
  | "task"
  | "tool"
  | "embedding"
  | "retrieval"
  | "experiment"

/**
 * The recorded form of a side (input or output): chat messages, documents, one text, or the JSON value unchanged.
 *
 * @category models
 * @since 0.1.0
 */
export type IoShape = "messages" | "documents" | "value" | "raw"

/**
 * The table of kinds: the shape of each side, and whether a model is recorded.
 *
 * @category constants
 * @since 0.1.0
 */
export const table: {
  readonly [K in SpanKind]: { readonly input: IoShape; readonly output: IoShape; readonly model: boolean }
} = {
  llm: { input: "messages", output: "messages", model: true },
  agent: { input: "value", output: "value", model: false },
  workflow: { input: "value", output: "value", model: false },
  task: { input: "value", output: "value", model: false },
  tool: { input: "value", output: "value", model: false },
  embedding: { input: "documents", output: "value", model: true },
  retrieval: { input: "value", output: "documents", model: false },
  experiment: { input: "raw", output: "raw", model: false }
}

/**
 * Every kind of span.
 *
 * @category constants
 * @since 0.1.0
 */
export const all: ReadonlyArray<SpanKind> = Object.keys(table) as Array<SpanKind>

/**
 * Whether a value names a kind of span.
 *
 * @category guards
 * @since 0.1.0
 */
export const isSpanKind = (u: unknown): u is SpanKind => typeof u === "string" && Object.hasOwn(table, u)
