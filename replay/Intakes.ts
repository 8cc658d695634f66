/**
 * Datadog's default intakes, and a capture aid: the requests to them go to the stand-in instead.
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as ApmIntakeWriter from "../src/adapters/apm-intake/ApmIntakeWriter.ts"
import * as IntakeHttpWriter from "../src/adapters/intake/IntakeHttpWriter.ts"
import * as NodeTransport from "../src/adapters/node-transport/NodeTransport.ts"
import * as Sites from "../src/domain/delivery/Site.ts"
import type { TransportService } from "../src/ports/Transport.ts"
import type { AgentStandIn } from "./AgentStandIn.ts"
import type { Json } from "./Scenario.ts"

const evaluations = "/api/intake/llm-obs/v2/eval-metric"

/** The intakes of a site; `null` for a site that nothing is sent to. */
export const of = (name: string | undefined): Json => {
  const site = Sites.parse(name).value
  return site === undefined ? null : {
    traces: `https://${site.apmAgentlessHost}${ApmIntakeWriter.path}`,
    span: `https://${site.llmobsHost}${IntakeHttpWriter.spansPath}`,
    evaluation_metric: `https://${site.apiHost}${evaluations}`
  }
}

/** A transport whose requests to the intakes of a site arrive at the stand-in, over a socket. No other host is reached. */
export const redirected = (
  name: string | undefined,
  agent: AgentStandIn
): Effect.Effect<TransportService, never, Scope.Scope> =>
  Effect.map(NodeTransport.make(), (real) => {
    const known = new Set(Object.values(of(name) ?? {}))
    const { hostname, port } = new URL(agent.url)
    return {
      send: (request) => {
        const { target } = request
        if (target.protocol !== "https") return real.send(request)
        return known.has(`https://${target.host}${request.path}`) && target.port === 443
          ? real.send({ ...request, target: { protocol: "http", host: hostname, port: Number(port), basePath: "" } })
          : Effect.succeed({ _tag: "Failure", bytesWritten: false, reason: "ENOTFOUND" })
      }
    }
  })
