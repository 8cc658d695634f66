/**
 * Rows about the baggage of a request: sessions and users from the browser, and experiments.
 */
import * as Baggage from "../src/domain/propagation/Baggage.ts"
import { pathOf } from "./Difference.ts"
import type { Place, Row } from "./Row.ts"
import * as Rows from "./Row.ts"
import type { Scenario } from "./Scenario.ts"
import * as SpanSteps from "./SpanSteps.ts"

const header = (scenario: Scenario, process: number): string =>
  scenario.program.processes[process]!.incoming?.["baggage"] ?? ""

const perSpan = (
  place: (event: string, baggage: string, span: SpanSteps.SpanStep, scenario: Scenario) => ReadonlyArray<Place>
) =>
(scenario: Scenario): ReadonlyArray<Place> =>
  SpanSteps.of(scenario).flatMap((span) => {
    const event = SpanSteps.isLlm(span) ? Rows.eventPath(scenario, span) : undefined
    const baggage = header(scenario, span.process)
    return event === undefined || baggage === "" ? [] : place(event, baggage, span, scenario)
  })

export const rows: ReadonlyArray<Row> = [
  {
    id: "R-A1-rum",
    kind: "R",
    uses: 14,
    why: "A1: the session and the user that the browser's baggage names are on every LLM span of the request",
    places: perSpan((event, baggage, span) => {
      const items = Baggage.parseLenient([baggage]).value
      const session = items.get("session.id")
      const explicit = [span, ...span.around].some(({ step }) => step["session_id"] !== undefined)
      const tag = (name: string, value: string | undefined) =>
        value === undefined ? [] : [Rows.is(pathOf(`${event}.tags`, name), value)]
      return [
        ...tag("usr.id", items.get("user.id")),
        ...tag("usr.account_id", items.get("account.id")),
        ...(explicit || session === undefined ? [] : [
          ...tag("session_id", session),
          Rows.is(`${event}.session_id`, session),
          ...(event.startsWith("$.spans")
            ? [Rows.is(pathOf(`${pathOf("$.spans", span.id)}.meta`, "gen_ai.conversation.id"), session)]
            : [])
        ])
      ]
    })
  },
  {
    id: "R-A4-lenient",
    kind: "R",
    uses: 3,
    why: "A4: for our labels a malformed baggage member costs itself, not the header",
    places: perSpan((event, baggage) => {
      const lenient = Baggage.parseLenient([baggage])
      const id = lenient.value.get("_ml_obs.experiment_id")
      if (lenient.dropped === 0 || id === undefined) return []
      return [
        Rows.is(pathOf(event, "_dd.scope"), "experiments"),
        Rows.is(`${event}._dd.scope`, "experiments"),
        Rows.is(`${event}.tags.experiment_id`, id)
      ]
    })
  }
]
