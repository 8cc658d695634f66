/**
 * The road of events to an endpoint of OTLP.
 */
import type { Account } from "../adapters/intake/Account.ts"
import * as OtlpWriter from "../adapters/otlp/OtlpWriter.ts"
import * as AgentUrl from "../domain/delivery/AgentUrl.ts"
import type { Route } from "../domain/delivery/StartNotice.ts"
import type { Destination } from "../engine/lane/IntakePayload.ts"
import type { TransportService } from "../ports/Transport.ts"
import { targetOf } from "../ports/Transport.ts"
import type { Foundation } from "./Foundation.ts"
import type { Otlp, Settings } from "./Settings.ts"
import { libraryVersion } from "./Version.ts"

/** The destinations. Events of other accounts go to their own intakes, because an endpoint belongs to one account. */
export const events = ({ account, foundation: { diagnostics }, otlp, settings, transport }: {
  readonly foundation: Pick<Foundation, "diagnostics">
  readonly otlp: Otlp
  readonly settings: Pick<Settings, "requestTimeoutMillis" | "maxEventBytes" | "maxPayloadBytes">
  readonly transport: TransportService
  readonly account: (account: Account) => Destination
}): { readonly own: () => Destination; readonly account: (account: Account) => Destination } => {
  const own: Destination = {
    endpoint: "intake",
    writer: OtlpWriter.make({
      transport,
      target: targetOf(otlp.endpoint),
      path: otlp.endpoint.basePath === "" ? "/v1/traces" : "",
      headers: otlp.headers,
      timeoutMillis: settings.requestTimeoutMillis,
      libraryVersion,
      maxEventBytes: settings.maxEventBytes,
      maxPayloadBytes: settings.maxPayloadBytes,
      onDefect: (error) => diagnostics.defect("otlp.encode", error),
      onRefused: (spans) => diagnostics.warnOnce("otlp.refused", refused(spans))
    })
  }
  return { own: () => own, account }
}

/** The route, for the line that is logged at the start. */
export const route = (otlp: Otlp): Route => ({ _tag: "Otlp", endpoint: AgentUrl.render(otlp.endpoint) })

const refused = (spans: number): string =>
  `The OTLP endpoint refused ${spans} spans of a request that it took. They are counted as delivered; its log has the reason. See docs/otlp.md.`
