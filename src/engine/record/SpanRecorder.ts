/**
 * Turns running spans into records.
 *
 * **Details**
 *
 * The recorder hangs on the fiber and not on the tracer: it works under any tracer, in any order of layers, and with
 * tracing switched off. When a tracer of ours opened the span, the record is attached to the APM span and waits for its
 * chunk; otherwise the event goes to the outbox at once.
 *
 * @since 0.1.0
 */
import type * as Clock from "effect/Clock"
import type * as Effect from "effect/Effect"
import type * as Tracer from "effect/Tracer"
import * as Problem from "../../domain/Problem.ts"
import * as ExperimentBaggage from "../../domain/propagation/ExperimentBaggage.ts"
import * as RedactedRecord from "../../domain/redaction/RedactedRecord.ts"
import * as Annotation from "../../domain/span/Annotation.ts"
import * as CostTags from "../../domain/span/CostTags.ts"
import * as SessionSource from "../../domain/span/SessionSource.ts"
import * as SpanContext from "../../domain/span/SpanContext.ts"
import * as SpanId from "../../domain/span/SpanId.ts"
import * as SpanRecords from "../../domain/span/SpanRecord.ts"
import * as Tags from "../../domain/span/Tags.ts"
import * as TraceId from "../../domain/span/TraceId.ts"
import type { AmbientContext } from "../../ports/AmbientContext.ts"
import type { Carrier, TraceState } from "../../ports/Carrier.ts"
import type { ContextReader } from "../../ports/ContextReader.ts"
import type { OpenSpan } from "../../ports/CurrentSpan.ts"
import { CurrentSpan, SpanAnnotations } from "../../ports/CurrentSpan.ts"
import type { DiagnosticsService } from "../../ports/Diagnostics.ts"
import type { IdGeneratorService } from "../../ports/IdGenerator.ts"
import type { PendingContext, PendingRecord } from "../../ports/LateRetention.ts"
import type { ExperimentInput, RecorderService, SpanOptions } from "../../ports/Recorder.ts"
import type { Routing } from "../../ports/Routing.ts"
import { CurrentRouting } from "../../ports/Routing.ts"
import { guard } from "../books/Guard.ts"
import * as LateRetention from "./LateRetention.ts"
import * as SpanExit from "./SpanExit.ts"

/**
 * What the recorder needs to know of the process.
 *
 * @category models
 * @since 0.1.0
 */
export interface Settings {
  readonly mlApp: string | undefined
  readonly service: string
  readonly process: Tags.ProcessTags
  /** The labels that `DD_TAGS` names. */
  readonly processLabels: SpanContext.Named
  /** Decides the retention of an LLM trace. `tags` are those of its root. */
  readonly retention: (apmTraceId: string, tags?: Tags.Tags | undefined) => SpanContext.Retention
  /** Whether that looks at the tags, so that the decision waits for them. */
  readonly retentionLooksAtTags: boolean
  readonly redaction: RedactedRecord.Policy
}

/**
 * Takes finished records, and says on what each one could ride.
 *
 * @category models
 * @since 0.1.0
 */
export interface Sink {
  readonly finish: (record: PendingRecord, carrier: Carrier | undefined) => Effect.Effect<void> | undefined
  /** Counts an event that a redaction rule dropped. `record` is what the APM span may still say: it has no content. */
  readonly redact: (record: PendingRecord, carrier: Carrier | undefined) => void
}

class RecordedSpan implements OpenSpan {
  context: PendingContext
  readonly annotation: Annotation.Owned
  ended = false
  readonly parent: RecordedSpan | undefined
  readonly trace: TraceState
  readonly carrier: Carrier | undefined
  readonly service: string
  readonly startNs: bigint
  readonly startedAt: bigint
  readonly modelName: string | undefined
  readonly modelProvider: string | undefined

  constructor(options: {
    readonly context: PendingContext
    readonly annotation: Annotation.Owned
    readonly parent: RecordedSpan | undefined
    readonly trace: TraceState
    readonly carrier: Carrier | undefined
    readonly service: string
    readonly clock: Clock.Clock
    readonly options: SpanOptions | undefined
  }) {
    this.context = options.context
    this.annotation = options.annotation
    this.parent = options.parent
    this.trace = options.trace
    this.carrier = options.carrier
    this.service = options.service
    this.startNs = options.clock.currentTimeNanosUnsafe()
    this.startedAt = options.clock.monotonicTimeNanosUnsafe()
    this.modelName = options.options?.model
    this.modelProvider = options.options?.provider
  }
}

// The tag of a span that was interrupted. Losers of a race and of a time-out are not errors.
const interruptedTag = "effect.fiber.interrupted"

/**
 * @category constructors
 * @since 0.1.0
 */
export const make = (options: {
  readonly settings: Settings
  readonly sink: Sink
  readonly ids: IdGeneratorService
  readonly ambient: typeof AmbientContext.Service
  readonly diagnostics: DiagnosticsService
  readonly clock: (reader: ContextReader) => Clock.Clock
  /** The name of the account that a region sends to; `undefined` when it is the layer's own. */
  readonly accountOf: (routing: Routing) => string | undefined
}): RecorderService => {
  const { ambient, diagnostics, ids, settings, sink } = options
  const configured = { mlApp: settings.mlApp, service: settings.service }
  const none: SpanContext.Named = {}
  const redacts = RedactedRecord.isActive(settings.redaction)

  const report = <A>(checked: Problem.Checked<A>): A => {
    if (checked.problems.length > 0) diagnostics.report(checked.problems)
    return checked.value
  }

  const tagsOf = (context: PendingContext, annotation: Annotation.Annotation, service: string): Tags.Tags =>
    Tags.resolve({
      process: settings.process,
      service,
      context,
      annotated: annotation.tags,
      agentVersion: annotation.agentVersion
    })

  // Cost tags name tags that the span has at the time of the call; later ones do not count.
  const add = (
    annotation: Annotation.Owned,
    said: Annotation.Annotation,
    context: PendingContext,
    service: string
  ): Annotation.Owned => {
    const before = annotation.costTags
    Annotation.append(annotation, said)
    if (said.costTags !== undefined) {
      annotation.costTags = report(CostTags.select(said.costTags, tagsOf(context, annotation, service), before))
    }
    return annotation
  }

  const start: RecorderService["start"] = ({ ambient: reader, carrier, kind, name, options: spanOptions, span }) => {
    const clock = options.clock(reader)
    const parent = reader.getRef(CurrentSpan) as RecordedSpan | undefined
    const region = reader.getRef(SpanAnnotations)
    const around = ambient.current(reader)
    const routing = reader.getRef(CurrentRouting)
    const trace = carrier?.trace ?? parent?.trace ?? { session: undefined }
    const own = spanOptions === undefined
      ? Annotation.empty
      : report(Annotation.parse(kind, spanOptions))
    const context = SpanContext.resolve({
      kind,
      name: own.name ?? region?.name ?? name,
      ...identify(span, carrier, parent, clock),
      // Of 128 bits even where APM trace ids have 64: on the wire a smaller one cannot be told from a custom id in decimal.
      newTraceId: TraceId.fromParts(Number(clock.currentTimeMillisUnsafe()) / 1000, ids.spanId()),
      parent: parent?.context,
      remote: around?.upstream?.llmobs,
      explicit: {
        sessionId: own.sessionId,
        userId: own.userId,
        accountId: own.accountId,
        mlApp: spanOptions?.mlApp,
        agentService: spanOptions?.agentService,
        experiment: spanOptions?.experiment === undefined ? undefined : experimentScope(spanOptions.experiment)
      },
      context: region ?? none,
      process: settings.processLabels,
      traceDefault: trace.session,
      labels: around?.labels,
      configured,
      account: routing === undefined ? undefined : options.accountOf(routing),
      retention: settings.retentionLooksAtTags
        ? (apmTraceId) =>
          LateRetention.make(() =>
            settings.retention(apmTraceId, tagsOf(recorded.context, recorded.annotation, recorded.service))
          )
        : settings.retention
    })
    const service = carrier?.service ?? settings.service
    const annotation = Annotation.owned(Annotation.empty)
    if (region !== undefined) add(annotation, region, context, service)
    const recorded = new RecordedSpan({
      context,
      annotation: add(annotation, own, context, service),
      parent,
      trace,
      carrier,
      service,
      clock,
      options: spanOptions
    })
    if (
      trace.session === undefined && context.session !== undefined && context.session.value !== "" &&
      SessionSource.isVouched(context.session)
    ) {
      trace.session = SessionSource.make(context.session.value, "propagated")
    }
    carrier?.link(context)
    return recorded
  }

  const identify = (
    span: Tracer.Span,
    carrier: Carrier | undefined,
    parent: RecordedSpan | undefined,
    clock: Clock.Clock
  ): { readonly spanId: string; readonly apmTraceId: string } => {
    if (carrier !== undefined) return { spanId: SpanId.toDecimal(carrier.spanId), apmTraceId: carrier.traceId }
    if (SpanId.isValid(span.spanId) && TraceId.isValid(span.traceId)) {
      return { spanId: SpanId.toDecimal(span.spanId), apmTraceId: span.traceId }
    }
    return {
      spanId: SpanId.toDecimal(ids.spanId()),
      apmTraceId: parent?.context.apmTraceId ?? ids.traceId(Number(clock.currentTimeMillisUnsafe()) / 1000)
    }
  }

  const annotate: RecorderService["annotate"] = (open, input) => {
    const span = open as RecordedSpan | undefined
    if (span === undefined) return diagnostics.report([noActiveSpan])
    if (span.ended) return diagnostics.report([finishedSpan])
    const parsed = report(Annotation.parse(span.context.kind, input))
    add(span.annotation, parsed, span.context, span.service)
    if (
      parsed.name !== undefined || parsed.sessionId !== undefined || parsed.userId !== undefined ||
      parsed.accountId !== undefined
    ) {
      span.context = SpanContext.rename(span.context, parsed)
      if (parsed.name !== undefined) span.carrier?.rename(parsed.name)
    }
  }

  const region: RecorderService["region"] = (outer, input) => {
    const { input: _input, output: _output, ...rest } = input
    const said = report(Annotation.parse("task", rest))
    return outer === undefined ? said : Annotation.combine(outer, said)
  }

  const finish: RecorderService["finish"] = (reader, open, exit, output) => {
    const span = open as RecordedSpan
    if (span.ended) return undefined
    if (output !== undefined && exit._tag === "Success") {
      guard(diagnostics, "output", () => annotate(span, { output: output(exit.value as never) }), undefined)
    }
    span.ended = true
    const { annotation, context, parent } = span
    // The end of the root is the last moment at which its tags can decide.
    if (context.retention !== undefined && context.retention !== parent?.context.retention) {
      LateRetention.freeze(context.retention)
    }
    const interrupted = SpanExit.isInterrupted(exit)
    const error = SpanExit.errorOf(exit) ?? span.carrier?.marked
    const record = SpanRecords.finish({
      context,
      startNs: span.startNs,
      durationNs: Number(options.clock(reader).monotonicTimeNanosUnsafe() - span.startedAt),
      modelName: span.modelName,
      modelProvider: span.modelProvider,
      annotation,
      tags: interrupted
        ? { ...tagsOf(context, annotation, span.service), [interruptedTag]: "true" }
        : tagsOf(context, annotation, span.service),
      ancestor: parent === undefined
        ? undefined
        : {
          kind: parent.context.kind,
          prompt: parent.annotation.prompt,
          toolDefinitions: parent.annotation.toolDefinitions
        },
      error
    })
    if (!redacts) return sink.finish(record, span.carrier)
    const redacted = report(RedactedRecord.apply(record, settings.redaction))
    span.carrier?.rename(redacted.record.context.name)
    if (!redacted.dropped) return sink.finish(redacted.record, span.carrier)
    sink.redact(redacted.record, span.carrier)
    return undefined
  }

  return {
    start: (input) => guard(diagnostics, "recorder.start", () => start(input), undefined),
    annotate: (span, input) => guard(diagnostics, "recorder.annotate", () => annotate(span, input), undefined),
    region: (outer, input) =>
      guard(diagnostics, "recorder.region", () => region(outer, input), outer ?? Annotation.empty),
    finish: (reader, span, exit, output) =>
      guard(diagnostics, "recorder.finish", () => finish(reader, span, exit, output), undefined),
    report: diagnostics.report
  }
}

// The tags are those that baggage brings to other services, by the same table.
const experimentScope = (input: ExperimentInput): SpanContext.ExperimentScope | undefined => {
  const baggage = new Map<string, string>()
  const put = (key: string, value: unknown) => {
    if (typeof value === "string" || typeof value === "number") baggage.set(`_ml_obs.experiment_${key}`, String(value))
  }
  put("id", input.id)
  put("run_id", input.runId)
  put("run_iteration", input.runIteration)
  put("dataset_name", input.datasetName)
  put("dataset_id", input.datasetId)
  put("project_id", input.projectId)
  put("project_name", input.projectName)
  put("name", input.name)
  return ExperimentBaggage.read(baggage)
}

const noActiveSpan = Problem.make(
  "invalid_span_no_active_spans",
  "There is no LLM Observability span to annotate here. Call annotateCurrentSpan inside one."
)

const finishedSpan = Problem.make(
  "invalid_finished_span",
  "The LLM Observability span has ended. Annotate it before its effect ends."
)
