/** A program that makes events without any library, in one of two ways to send them. */
import type { Running } from "../Library.ts"
import type { PlannedSpan } from "../PlannedSpan.ts"
import * as Steps from "../Steps.ts"
import * as FloorEvent from "./FloorEvent.ts"

export const start = (sending: {
  readonly event: (json: string) => void
  readonly flush: () => Promise<void>
  readonly close: () => void
}): Running => {
  let lastTrace = 0
  const under = (parentId: string, traceId: string | undefined) => (plan: PlannedSpan): Steps.Step => {
    const trace = traceId ?? String(++lastTrace)
    const event = FloorEvent.make(plan, parentId, trace)
    return Steps.andThen(plan.work?.(), () =>
      Steps.andThen(
        Steps.each(plan.children, under(event.span_id, trace)),
        () => sending.event(JSON.stringify({ "_dd.stage": "raw", event_type: "span", spans: [event] }))
      ))
  }
  const one = under("undefined", undefined)
  return {
    run: (plans) => Steps.each(plans, one),
    runTogether: (plans) => Steps.together(plans, one),
    flush: sending.flush,
    close: sending.close
  }
}
