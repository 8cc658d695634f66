/**
 * The home-made tracer in the hands of the laws of `effect-llmobs/Testing`.
 */
import type { Embedder, EmbedderHeaders, PlannedSpan } from "effect-llmobs/Testing"
import type * as LlmObservabilityModule from "./LlmObservability.ts"
import type * as TracerModule from "./Tracer.ts"

export const make = (
  { Tracer }: Pick<typeof TracerModule, "Tracer">,
  { LlmObservability }: Pick<typeof LlmObservabilityModule, "LlmObservability">
): Embedder => ({
  start: async ({ keeps, llmobs, send }) => {
    const tracer = new Tracer({ service: "shop", send, keeps: () => keeps })
    const llm = llmobs ? await LlmObservability.attach(tracer, { mlApp: "shop", send }) : undefined

    const run = async (plan: PlannedSpan, request: EmbedderHeaders): Promise<ReadonlyArray<EmbedderHeaders>> => {
      const calls: Array<EmbedderHeaders> = []
      const body = async (span: TracerModule.Span): Promise<void> => {
        for (const [key, value] of Object.entries(plan.baggage ?? {})) span.baggage.set(key, value)
        if (plan.llm?.annotation !== undefined) llm?.annotate(span, plan.llm.annotation)
        if (plan.calls === true) calls.push(tracer.headers())
        for (const child of plan.children ?? []) calls.push(...await run(child, {}))
        if (plan.error !== undefined) throw plan.error
      }
      const traced = plan.llm === undefined || llm === undefined
        ? tracer.trace(plan.name, body, request)
        : llm.trace(plan.llm.kind, plan.name, body, request)
      await traced.catch(() => {})
      return calls
    }

    return { run: (plan, request = {}) => run(plan, request), flush: () => tracer.flush() }
  }
})
