/** One span that a library is to make: the same plan for each of them. */

export interface PlannedSpan {
  readonly kind: "llm" | "agent" | "workflow" | "task" | "tool"
  readonly name: string
  readonly sessionId: string
  readonly input: string
  readonly output: string
  /** Given with the input. */
  readonly attributes: { readonly [key: string]: string | number }
  /** The number of annotations of one attribute each, between the input and the output. */
  readonly annotations: number
  readonly children: ReadonlyArray<PlannedSpan>
  /** The asynchronous work of the span, between its input and its output. */
  readonly work?: (() => Promise<void>) | undefined
  /** Awaited after the span, before the next one. */
  readonly after?: (() => Promise<void>) | undefined
}

/** Token counts, the same for each span: given with the output of an llm span. */
export const usage = { inputTokens: 512, outputTokens: 498, totalTokens: 1_010 } as const

/** The model of an llm span. */
export const model = { name: "gpt-5", provider: "openai" } as const

/** The tags of a span. */
export const tags = { team: "support", tier: "gold" } as const

/** The number of spans in these plans, their descendants included. */
export const count = (plans: ReadonlyArray<PlannedSpan>): number => {
  let spans = 0
  for (const plan of plans) spans += 1 + count(plan.children)
  return spans
}
