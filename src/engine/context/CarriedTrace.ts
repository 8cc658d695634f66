/**
 * The LLM trace that a call carries to the next service.
 */
import * as LlmobsPropagation from "../../domain/propagation/LlmobsPropagation.ts"
import type { AgentAttribution } from "../../domain/span/AgentAttribution.ts"
import * as SessionSource from "../../domain/span/SessionSource.ts"
import type { Remote } from "../../domain/span/SpanContext.ts"
import type { PendingContext } from "../../ports/LateRetention.ts"
import * as LateRetention from "../record/LateRetention.ts"

/** The LLM trace of a span as tags that travel with the APM trace, without what names a person or an application. */
export const tags = (context: PendingContext): ReadonlyMap<string, string> =>
  new Map(LlmobsPropagation.write(impersonal(of(context))).value.map(({ key, value }) => [key, value]))

/** The LLM trace that a call from a span carries. Reading it decides the retention of the trace. */
export const of = (context: PendingContext): Remote => ({
  parentId: context.spanId,
  traceId: context.traceId,
  mlApp: context.mlApp.value,
  sessionId: context.session !== undefined && context.session.value !== "" && SessionSource.isVouched(context.session)
    ? context.session.value
    : undefined,
  retention: LateRetention.freeze(context.retention),
  agent: attribution(context)
})

const attribution = (context: PendingContext): AgentAttribution | undefined =>
  context.kind === "agent" ? { name: context.name, spanId: context.spanId } : context.agent

/** The LLM trace for a service that is not known: without application, session and the name of the agent. */
export const impersonal = (remote: Remote): Remote => ({
  ...remote,
  mlApp: undefined,
  sessionId: undefined,
  agent: remote.agent === undefined ? undefined : { name: null, spanId: remote.agent.spanId }
})
