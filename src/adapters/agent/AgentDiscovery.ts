/**
 * Asks an Agent for its capabilities: `GET /info`.
 */
import * as Effect from "effect/Effect"
import * as AgentCapabilities from "../../domain/delivery/AgentCapabilities.ts"
import type { Trouble } from "../../domain/delivery/DeliveryNotice.ts"
import type { DiagnosticsService } from "../../ports/Diagnostics.ts"
import type { Target, TransportService } from "../../ports/Transport.ts"
import * as AgentAnswer from "./AgentAnswer.ts"

// An Agent lists its whole configuration, including filters.
const maxBodyBytes = 4 * 1024 * 1024

/** The capabilities of the Agent. `undefined` if no Agent answers; `onHeard` receives the reason. */
export const probe = (options: {
  readonly transport: TransportService
  readonly target: Target
  readonly timeoutMillis: number
  readonly diagnostics: Pick<DiagnosticsService, "report">
  readonly onHeard: (heard: AgentCapabilities.AgentCapabilities | Trouble) => void
}): Effect.Effect<AgentCapabilities.AgentCapabilities | undefined> =>
  Effect.map(
    options.transport.send({
      target: options.target,
      method: "GET",
      path: "/info",
      headers: {},
      body: undefined,
      timeoutMillis: options.timeoutMillis,
      maxBodyBytes
    }),
    (outcome) => {
      if (outcome._tag === "Failure") {
        options.onHeard({ _tag: "AgentUnreachable", reason: outcome.reason })
        return undefined
      }
      if (outcome.status < 200 || outcome.status > 299) {
        options.onHeard({ _tag: "NotAnAgent", status: outcome.status })
        return undefined
      }
      const { problems, value } = AgentCapabilities.parse(
        AgentAnswer.fromText(outcome.body),
        outcome.headers["datadog-agent-state"]
      )
      options.onHeard(value ?? { _tag: "NotAnAgent", status: undefined })
      if (value !== undefined && problems.length > 0) options.diagnostics.report(problems)
      return value
    }
  )
