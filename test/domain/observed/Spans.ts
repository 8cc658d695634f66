/** Delivered spans, as tests make them up. */
import type { ObservedSpan } from "../../../src/domain/observed/ObservedSpan.ts"

/** A span of one trace that succeeded and says nothing. */
export const span = (spanId: string, given: Partial<ObservedSpan> = {}): ObservedSpan => ({
  kind: "task",
  name: "step",
  traceId: "t-1",
  spanId,
  parentId: undefined,
  apmTraceId: "t-1",
  route: "trace",
  startMillis: 0,
  durationMillis: 1,
  status: "ok",
  error: undefined,
  mlApp: "shop",
  sessionId: undefined,
  userId: undefined,
  accountId: undefined,
  model: undefined,
  provider: undefined,
  input: {},
  output: {},
  expectedOutput: undefined,
  prompt: undefined,
  toolDefinitions: undefined,
  collectionErrors: undefined,
  metadata: {},
  metrics: {},
  tags: {},
  ...given
})

/** A call of a model about which the linter has nothing to say. */
export const llm = (spanId: string, given: Partial<ObservedSpan> = {}): ObservedSpan =>
  span(spanId, {
    kind: "llm",
    name: "chat",
    model: "gpt-5",
    provider: "openai",
    sessionId: "s-1",
    input: { messages: [{ role: "user", content: "Where is it?" }] },
    output: { messages: [{ role: "assistant", content: "Here." }] },
    metrics: { input_tokens: 3, output_tokens: 1, total_tokens: 4 },
    ...given
  })

/** The lines of a tree, without the room before their times. */
export const squeezed = (lines: ReadonlyArray<string>): ReadonlyArray<string> =>
  lines.map((line) => line.replace(/ {2,}(?=[\d.]+ m?s$)/, "  "))
