/** Steps that stay synchronous as long as nothing in them waits, as a program without promises would run them. */
import type { PlannedSpan } from "./PlannedSpan.ts"

export type Step = void | Promise<void>

/** Runs the second step when the first is over. */
export const andThen = (first: Step, second: () => Step): Step =>
  first instanceof Promise ? first.then(second) : second()

/** Makes the spans one after the other. */
export const each = (plans: ReadonlyArray<PlannedSpan>, one: (plan: PlannedSpan) => Step): Step => {
  for (let i = 0; i < plans.length; i++) {
    const plan = plans[i]!
    const made = one(plan)
    if (made instanceof Promise || plan.after !== undefined) return rest(plans, i, made, one)
  }
}

const rest = async (
  plans: ReadonlyArray<PlannedSpan>,
  from: number,
  made: Step,
  one: (plan: PlannedSpan) => Step
): Promise<void> => {
  await made
  await plans[from]!.after?.()
  for (let i = from + 1; i < plans.length; i++) {
    await one(plans[i]!)
    await plans[i]!.after?.()
  }
}

/** Makes the spans at the same time. */
export const together = async (plans: ReadonlyArray<PlannedSpan>, one: (plan: PlannedSpan) => Step): Promise<void> => {
  await Promise.all(plans.map((plan) => Promise.resolve(one(plan))))
}
