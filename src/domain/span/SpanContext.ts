/**
 * The identity of an LLM Observability span: resolved once, when it starts.
 *
 * @since 0.1.0
 */
import type { AgentAttribution } from "./AgentAttribution.ts"
import * as Attribution from "./AgentAttribution.ts"
import * as MlApp from "./MlApp.ts"
import type { Sourced } from "./SessionSource.ts"
import * as SessionSource from "./SessionSource.ts"
import type { SpanKind } from "./SpanKind.ts"

/**
 * The parent id of a span that has no parent.
 *
 * @category constants
 * @since 0.1.0
 */
export const undefinedParent = "undefined"

/**
 * The retention decision of an LLM trace, as texts, as in the event. It drops nothing: every event is sent, and the
 * backend applies the decision.
 *
 * @category models
 * @since 0.1.0
 */
export interface Retention {
  readonly sampleRate: string
  readonly samplingDecision: "0" | "1"
}

/**
 * The identity of a span and its inherited labels.
 *
 * `spanId` and `parentId` are decimal texts of 64-bit ids (`parentId` is `"undefined"` for a root), `traceId` is the
 * LLM trace id (32 hex characters, or the decimal text that an upstream sent), `apmTraceId` the APM trace id (32 hex).
 * `R` is the retention decision. Rendering requires `Retention`, which is a decision that has been taken.
 *
 * @category models
 * @since 0.1.0
 */
export interface SpanContext<R = Retention> {
  readonly kind: SpanKind
  readonly name: string
  readonly spanId: string
  readonly parentId: string
  /** Where the parent was found: in this process, or in the headers of a request. */
  readonly parentSource: "parent" | "propagated" | undefined
  readonly traceId: string
  readonly apmTraceId: string
  readonly mlApp: MlApp.MlApp
  readonly session: Sourced | undefined
  readonly userId: Sourced | undefined
  readonly accountId: Sourced | undefined
  readonly agent: AgentAttribution | undefined
  readonly retention: R | undefined
  /** The tags of the experiment that the span belongs to, from baggage; they put it into the experiments scope. */
  readonly experiment: ExperimentScope | undefined
  /** The name of the Datadog account that the event goes to, if it is not the layer's own. The name holds no key. */
  readonly account: string | undefined
}

/**
 * An experiment as baggage describes it: its tags, and the id that puts a span into the experiments scope. Without an
 * id the tags are ordinary tags.
 *
 * **Example** (With and without the scope)
 *
 * ```ts
 * { experimentId: "e-1", tags: { experiment_id: "e-1", run_id: "r-1" } }
 * { tags: { run_id: "r-1" } }
 * ```
 *
 * @category models
 * @since 0.1.0
 */
export interface ExperimentScope {
  readonly experimentId?: string
  readonly tags: { readonly [key: string]: string }
}

/**
 * The LLM trace that an upstream service passed on. It is the parent of a span without a parent in this process.
 *
 * @category models
 * @since 0.1.0
 */
export interface Remote {
  readonly parentId?: string | undefined
  readonly traceId?: string | undefined
  readonly mlApp?: string | undefined
  readonly sessionId?: string | undefined
  readonly retention?: Retention | undefined
  readonly agent?: AgentAttribution | undefined
}

/**
 * The labels of a request's user: candidates of the lowest ranks.
 *
 * @category models
 * @since 0.1.0
 */
export interface Labels {
  readonly request?: { readonly sessionId?: string | undefined } | undefined
  readonly rum?:
    | {
      readonly sessionId?: string | undefined
      readonly userId?: string | undefined
      readonly accountId?: string | undefined
    }
    | undefined
  readonly experiment?: ExperimentScope | undefined
}

/**
 * The labels that one source (the span's options, `annotateSpans`, `DD_TAGS`) names.
 *
 * @category models
 * @since 0.1.0
 */
export interface Named {
  readonly sessionId?: string | undefined
  readonly userId?: string | undefined
  readonly accountId?: string | undefined
}

/**
 * The inputs from which the identity of a span is resolved.
 *
 * @category models
 * @since 0.1.0
 */
export interface Start<R = Retention> {
  readonly kind: SpanKind
  readonly name: string
  readonly spanId: string
  readonly apmTraceId: string
  /** A fresh LLM trace id, used when there is no parent. */
  readonly newTraceId: string
  readonly parent: SpanContext<R> | undefined
  readonly remote: Remote | undefined
  readonly explicit: Named & {
    readonly mlApp?: string | undefined
    readonly agentService?: string | undefined
    readonly experiment?: ExperimentScope | undefined
  }
  readonly context: Named
  readonly process: Named
  readonly traceDefault: Sourced | undefined
  readonly labels: Labels | undefined
  readonly configured: { readonly mlApp?: string | undefined; readonly service?: string | undefined }
  readonly account?: string | undefined
  /** Decides the retention of a new LLM trace. */
  readonly retention: (apmTraceId: string) => R
}

/**
 * Resolves the identity: parent, trace, application, session, user, account, agent, experiment and retention.
 *
 * **Details**
 *
 * A new LLM trace decides its own retention, unless an upstream that passed on no span sent a decision. A span under an
 * upstream's span takes the upstream's decision, or none if the upstream sent none.
 *
 * @category combinators
 * @since 0.1.0
 */
export const resolve = <R>(start: Start<R>): SpanContext<R | Retention> => new Resolved(start)

// A class, so that it begins in the young generation: see `SpanRecord`.
class Resolved<R> implements SpanContext<R | Retention> {
  readonly kind: SpanKind
  readonly name: string
  readonly spanId: string
  readonly parentId: string
  readonly parentSource: SpanContext["parentSource"]
  readonly traceId: string
  readonly apmTraceId: string
  readonly mlApp: MlApp.MlApp
  readonly session: Sourced | undefined
  readonly userId: Sourced | undefined
  readonly accountId: Sourced | undefined
  readonly agent: AgentAttribution | undefined
  readonly retention: R | Retention | undefined
  readonly experiment: ExperimentScope | undefined
  readonly account: string | undefined

  constructor(start: Start<R>) {
    const { context, explicit, labels, parent, process } = start
    const remote = parent === undefined ? start.remote : undefined
    const remoteParent = remote?.parentId
    const rum = labels?.rum
    this.kind = start.kind
    this.name = start.name
    this.spanId = start.spanId
    this.parentId = parent?.spanId ?? remoteParent ?? undefinedParent
    this.parentSource = parent !== undefined ? "parent" : remoteParent !== undefined ? "propagated" : undefined
    this.traceId = parent?.traceId ??
      (remoteParent === undefined ? undefined : remote!.traceId ?? start.apmTraceId) ??
      start.newTraceId
    this.apmTraceId = start.apmTraceId
    this.mlApp = parent !== undefined && explicit.agentService === undefined && explicit.mlApp === undefined
      ? MlApp.inherit(parent.mlApp)
      : MlApp.resolve({
        agentService: explicit.agentService,
        mlApp: explicit.mlApp,
        parent: parent?.mlApp,
        propagated: remote?.mlApp,
        configured: start.configured.mlApp,
        service: start.configured.service
      })
    this.session = SessionSource.resolve({
      explicit: explicit.sessionId,
      context: context.sessionId,
      parent: parent?.session,
      traceDefault: start.traceDefault ??
        (remote?.sessionId === undefined ? undefined : SessionSource.make(remote.sessionId, "propagated")),
      process: process.sessionId,
      request: labels?.request?.sessionId,
      rum: rum?.sessionId
    })
    this.userId = label(explicit.userId, context.userId, parent?.userId, process.userId, rum?.userId)
    this.accountId = label(
      explicit.accountId,
      context.accountId,
      parent?.accountId,
      process.accountId,
      rum?.accountId
    )
    this.agent = parent === undefined ? remote?.agent : Attribution.resolve(parent)
    this.retention = parent !== undefined
      ? parent.retention
      : remoteParent !== undefined || remote?.retention !== undefined
      ? remote!.retention
      : start.retention(start.apmTraceId)
    this.experiment = explicit.experiment ?? parent?.experiment ?? labels?.experiment
    this.account = start.account
  }
}

// Most spans have no user and no account: nothing is made for them.
const label = (
  explicit: string | undefined,
  context: string | undefined,
  parent: Sourced | undefined,
  process: string | undefined,
  rum: string | undefined
): Sourced | undefined =>
  (explicit ?? context ?? parent ?? process ?? rum) === undefined
    ? undefined
    : SessionSource.resolve({ explicit, context, parent, process, rum })

/**
 * Applies the labels of an annotation to a running span. They count as explicit; children that start later inherit
 * them.
 *
 * @category combinators
 * @since 0.1.0
 */
export const rename = <R>(
  self: SpanContext<R>,
  named: Named & { readonly name?: string | undefined }
): SpanContext<R> => ({
  ...self,
  name: named.name ?? self.name,
  session: named.sessionId === undefined ? self.session : SessionSource.make(named.sessionId, "explicit"),
  userId: named.userId === undefined ? self.userId : SessionSource.make(named.userId, "explicit"),
  accountId: named.accountId === undefined ? self.accountId : SessionSource.make(named.accountId, "explicit")
})
