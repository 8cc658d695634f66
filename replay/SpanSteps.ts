/**
 * The spans of a program, by the placeholder that each gets when it starts.
 */
import type { JsonObject, Scenario, Step } from "./Scenario.ts"

export interface SpanStep {
  /** `span:N` */
  readonly id: string
  readonly step: Step
  readonly process: number
  /** The spans around it, the nearest first. */
  readonly around: ReadonlyArray<SpanStep>
  /** Whether it starts in a task or thread of its own, below `around`. */
  readonly forkedUnder: SpanStep | undefined
  /** Whether an annotation context is around it. */
  readonly inContext: boolean
}

/** In the order in which they start. */
export const of = (scenario: Scenario): ReadonlyArray<SpanStep> => {
  const out: Array<SpanStep> = []
  const walk = (
    list: ReadonlyArray<Step>,
    process: number,
    around: ReadonlyArray<SpanStep>,
    forkedUnder: SpanStep | undefined,
    inContext: boolean
  ): void => {
    for (const step of list) {
      const op = step.op ?? "span"
      let within = around
      if (op === "span" || op === "decorated") {
        const span = { id: `span:${out.length + 1}`, step, process, around, forkedUnder, inContext }
        out.push(span)
        within = [span, ...around]
      }
      const times = op === "repeat" ? step["times"] as number : 1
      for (let i = 0; i < times; i++) {
        walk(step.children ?? [], process, within, forkedUnder, inContext || op === "annotation_context")
      }
      for (const branch of step.branches ?? []) walk(branch, process, around, around[0], inContext)
    }
  }
  scenario.program.processes.forEach((process, index) => walk(process.steps, index, [], undefined, false))
  return out
}

export const isLlm = (span: SpanStep): boolean => span.step.sdk !== "tracer"

/** The outermost span around it in its process: the local root of its trace. */
export const rootOf = (span: SpanStep): SpanStep => span.around.at(-1) ?? span

/** The annotate calls of a span, with the name under which their errors are known. */
export const annotations = (span: SpanStep): ReadonlyArray<{ readonly at: string; readonly args: JsonObject }> =>
  (span.step.annotations ?? []).map((args, i) => ({ at: `${span.process}:annotate#${i}@${span.id}`, args }))
