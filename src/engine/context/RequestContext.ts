/**
 * The context in the headers of a request, read in the same way for every adapter.
 */
import type { Checked } from "../../domain/Problem.ts"
import * as Baggage from "../../domain/propagation/Baggage.ts"
import * as ExperimentBaggage from "../../domain/propagation/ExperimentBaggage.ts"
import type { HeaderLookup } from "../../domain/propagation/HeaderLookup.ts"
import * as HeaderLookups from "../../domain/propagation/HeaderLookup.ts"
import * as Propagation from "../../domain/propagation/Propagation.ts"
import type { PropagationSettings } from "../../domain/propagation/PropagationStyle.ts"
import * as RumBaggage from "../../domain/propagation/RumBaggage.ts"
import type { Ambient, RequestInfo } from "../../ports/AmbientContext.ts"

/**
 * Reads the trace, the LLM trace, the labels and the experiment from headers.
 *
 * **Details**
 *
 * Baggage is read twice: strictly for APM, where one malformed member voids the header, and leniently for our labels,
 * where a bad member is left out alone. At most one problem is reported for the two. Without the style `baggage` it is
 * not read at all. `brought` are the headers of the request itself, if the baggage is another tracer's.
 */
export const fromHeaders = (
  headers: HeaderLookup,
  settings: PropagationSettings,
  request: RequestInfo | undefined,
  brought?: HeaderLookup
): Checked<Ambient> => {
  const extracted = Propagation.extract(headers, settings)
  const lines = settings.stylesExtract.includes("baggage") ? HeaderLookups.lines(headers, "baggage") : []
  const baggage = Baggage.parseLenient(lines)
  return {
    value: {
      upstream: extracted.value,
      labels: {
        rum: RumBaggage.read(baggage.value),
        experiment: ExperimentBaggage.read(
          ExperimentBaggage.accepted(baggage.value, headers, settings.experimentBaggage, brought)
        )
      },
      request
    },
    problems: (extracted.problems.length > 0 ? extracted.problems : baggage.problems).slice(0, 1)
  }
}

/** An empty context, for effects without a request or a trace. */
export const nothing: Ambient = {
  upstream: undefined,
  labels: { rum: undefined, experiment: undefined },
  request: undefined
}
