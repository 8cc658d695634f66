/**
 * Compares what a row promised with what the intake has.
 *
 * @since 0.1.0
 */
import type * as LLMObs from "../../src/layers/LLMObs.ts"
import type { FakeIntake } from "./FakeIntake.ts"
import type { Row } from "./Rows.ts"

/**
 * @category models
 * @since 0.1.0
 */
export interface Verdict {
  readonly offered: number
  readonly byTrace: number
  readonly byEvp: number
  /** Arrivals beyond the first, over all events. */
  readonly duplicates: number
  /** The APM spans of events that arrived. */
  readonly apmSpans: number
  /** What fell short; empty when the row held. */
  readonly shortcomings: ReadonlyArray<string>
}

/**
 * @category constructors
 * @since 0.1.0
 */
export const judge = (
  row: Row,
  mark: string,
  offered: ReadonlyArray<string>,
  intake: Pick<FakeIntake, "arrivals" | "spans" | "complaints">,
  ledger: LLMObs.Ledger | undefined
): Verdict => {
  const shortcomings: Array<string> = [...intake.complaints]
  const expect = (holds: boolean, otherwise: string): void => {
    if (!holds) shortcomings.push(otherwise)
  }
  const ids = new Set(offered)
  const distinct = new Set(intake.arrivals.map((arrival) => arrival.spanId))
  const lost = [...ids].filter((id) => !distinct.has(id)).length
  const foreign = [...distinct].filter((id) => !ids.has(id)).length
  const duplicates = intake.arrivals.length - distinct.size
  expect(ids.size > 0, "nothing was offered")
  expect(ids.size === offered.length, "two spans have one id")
  expect(lost === 0, `${lost} never arrived`)
  expect(foreign === 0, `${foreign} arrived that nobody offered`)
  expect(duplicates === 0 || row.promise === "at least once", `${duplicates} arrived again`)

  const by = (route: string) => intake.arrivals.filter((arrival) => arrival.route === route)
  for (const route of ["trace", "evp"] as const) {
    if (!row.by.includes(route)) expect(by(route).length === 0, `${by(route).length} arrived by ${route}`)
  }
  const damaged = intake.arrivals.filter((arrival) => !isWhole(arrival.event, mark)).length
  expect(damaged === 0, `${damaged} arrived damaged`)

  const spans = intake.spans.filter((span) => ids.has(span.spanId))
  const apm = new Set(spans.map((span) => span.spanId))
  if (row.apm === "arrives") expect(apm.size === ids.size, `${ids.size - apm.size} APM spans are missing`)
  if (row.apm === "dropped") expect(apm.size === 0, `${apm.size} APM spans were not dropped`)
  const unmarked = spans.filter((span) => (span.event === undefined) !== (span.meta["_dd.llmobs.submitted"] === "1"))
  expect(
    unmarked.length === 0,
    `${unmarked.length} APM spans are not marked as submitted when they should be, or the reverse`
  )

  if (ledger === undefined) shortcomings.push("the books could not be read")
  else {
    const { delivered, dropped, enqueued, pending } = ledger
    const waiting = pending.chunk + pending.payload + pending.outbox
    const gone = Object.values(dropped).reduce((sum, n) => sum + n, 0)
    expect(enqueued === offered.length, `the books say ${enqueued} enqueued`)
    expect(waiting === 0, `the books say ${waiting} pending`)
    expect(gone === 0, `the books say ${gone} dropped`)
    expect(delivered.agent + delivered.intake === offered.length, "the books' deliveries do not add up")
    if (duplicates === 0) {
      expect(delivered.intake === by("evp").length, `the books say ${delivered.intake} by EVP`)
    } else if (by("evp").length > 0) {
      expect(ledger.possibleDuplicates > 0, "the books say no possible duplicates")
    }
  }
  return {
    offered: offered.length,
    byTrace: by("trace").length,
    byEvp: by("evp").length,
    duplicates,
    apmSpans: apm.size,
    shortcomings
  }
}

// Every event has the mark of its row in its metadata, and a model call the length of its input.
const isWhole = (event: { readonly [key: string]: unknown }, mark: string): boolean => {
  const meta = event["meta"] as
    | { readonly input?: unknown; readonly metadata?: { readonly mark?: unknown; readonly characters?: unknown } }
    | undefined
  const characters = meta?.metadata?.characters ?? 0
  return meta?.metadata?.mark === mark && JSON.stringify(meta.input ?? "").length >= Number(characters)
}
