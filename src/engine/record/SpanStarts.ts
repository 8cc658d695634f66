/**
 * The start of a span: its identity is resolved, and its options and surrounding annotations are read.
 */
import type * as Clock from "effect/Clock"
import * as References from "effect/References"
import * as Problem from "../../domain/Problem.ts"
import type { Changes } from "../../domain/propagation/BaggageChange.ts"
import type { LocalBaggage } from "../../domain/propagation/LocalBaggage.ts"
import * as LocalBaggages from "../../domain/propagation/LocalBaggage.ts"
import * as Annotation from "../../domain/span/Annotation.ts"
import * as SessionSource from "../../domain/span/SessionSource.ts"
import * as SpanContext from "../../domain/span/SpanContext.ts"
import * as SpanId from "../../domain/span/SpanId.ts"
import * as SpanName from "../../domain/span/SpanName.ts"
import * as TraceId from "../../domain/span/TraceId.ts"
import type { Carrier } from "../../ports/Carrier.ts"
import { CurrentSpan } from "../../ports/CurrentSpan.ts"
import type { IdGeneratorService } from "../../ports/IdGenerator.ts"
import type { SpanOptions, SpanStart, TracerSpan } from "../../ports/Recorder.ts"
import * as SpanRegion from "../../ports/SpanRegion.ts"
import * as LateRetention from "./LateRetention.ts"
import type { OpenContent } from "./OpenContent.ts"
import * as OptionReader from "./OptionReader.ts"
import { RecordedSpan } from "./RecordedSpan.ts"
import type { Options } from "./RecorderOptions.ts"
import * as SpanTags from "./SpanTags.ts"
import * as SpanTime from "./SpanTime.ts"

/** Makes a function that starts spans. It throws if a part of `options` throws. */
export const make = (options: Options, content: OpenContent): (start: SpanStart) => RecordedSpan => {
  const { ambient, diagnostics, ids, settings } = options
  const configured = { mlApp: settings.mlApp, service: settings.service }
  // Each set of changes is read once, and its problems are reported once.
  const read = new WeakMap<Changes, { readonly local: LocalBaggage }>()

  const localOf = (changes: Changes): LocalBaggage => {
    if (changes.size === 0) return undefined
    let known = read.get(changes)
    if (known === undefined) {
      const { problems, value } = LocalBaggages.read(changes, settings.propagation)
      if (problems.length > 0) diagnostics.report(problems)
      read.set(changes, known = { local: value })
    }
    return known.local
  }

  return (start) => {
    const { carrier, kind, options: given, span } = start
    const reader = start.ambient ?? options.root
    const clock = start.clock ?? options.clock(reader)
    const parent = (start.parent ?? reader.getRef(CurrentSpan)) as RecordedSpan | undefined
    const { annotations: region, baggage, routing } = start.region ?? SpanRegion.read(reader)
    const around = ambient.current(reader, start.region)
    const local = localOf(baggage)
    const trace = carrier?.trace ?? parent?.trace ?? { session: undefined }
    const at = SpanTime.fromUnknown(start.at)
    const name = SpanName.fromUnknown(start.name)
    if (start.at !== undefined && at === undefined) diagnostics.report(SpanTime.unusable, name)
    const parsed = annotationOf(kind, name, given, diagnostics.report)
    const own = parsed.value
    const belongs = OptionReader.belonging(given, diagnostics.report, name)
    const service = carrier?.service ?? settings.service
    const remote = around?.upstream?.llmobs
    const { apmTraceId, spanId } = identify(ids, span, carrier, parent, clock)
    const late: LateRoot | undefined = settings.retentionLooksAtTags ? { root: undefined } : undefined
    const context = SpanContext.resolve({
      kind,
      name: own.name ?? region?.name ?? name,
      spanId,
      apmTraceId,
      // Always 128-bit: a 64-bit id on the wire looks like a custom decimal id. A span with a parent takes no new one.
      newTraceId: parent === undefined && remote?.parentId === undefined
        ? TraceId.fromParts(seconds(clock), ids.spanId())
        : apmTraceId,
      parent: parent && LocalBaggages.inherited(parent.context, LocalBaggages.since(local, parent.baggage)),
      remote,
      explicit: {
        sessionId: own.sessionId,
        userId: own.userId,
        accountId: own.accountId,
        mlApp: belongs.mlApp,
        agentService: belongs.agentService,
        experiment: belongs.experiment
      },
      context: region ?? Annotation.empty,
      process: settings.processLabels,
      traceDefault: trace.session,
      labels: LocalBaggages.labels(around?.labels, local),
      configured,
      account: routing === undefined ? undefined : options.accountOf(routing),
      retention: late === undefined ? settings.retention : lateRetention(settings, late)
    })
    const annotation = Annotation.owned(region ?? Annotation.empty)
    if (region?.costTags !== undefined) {
      const tagged = { context, service }
      SpanTags.selectCost(settings.process, diagnostics, tagged, annotation, region.costTags, undefined)
    }
    const recorded = new RecordedSpan({
      context,
      annotation,
      shared: region,
      request: around?.request,
      baggage,
      parent,
      trace,
      carrier,
      span,
      // A time that the caller has read means that times are wanted.
      timed: start.now !== undefined || reader.getRef(References.TracerTimingEnabled),
      service,
      clock,
      at,
      now: start.now
    })
    if (late !== undefined) late.root = recorded
    try {
      SpanTags.add(settings.process, diagnostics, recorded, annotation, content.admit(recorded, own))
      OptionReader.writeModel(recorded, parsed, diagnostics.report, name)
      if (
        trace.session === undefined && context.session !== undefined && context.session.value !== "" &&
        SessionSource.isVouched(context.session)
      ) {
        trace.session = SessionSource.make(context.session.value, "propagated")
      }
      carrier?.link(context)
    } catch (error) {
      // The caller gets no span, so no end would release this.
      content.release(recorded)
      throw error
    }
    return recorded
  }
}

const annotationOf = (
  kind: SpanStart["kind"],
  name: string,
  given: SpanOptions | undefined,
  report: OptionReader.Report
): Annotation.Parsed => {
  if (given === undefined) return nothing
  const makesOutput = OptionReader.output(given) !== undefined
  const parsed = Annotation.parse(kind, given, makesOutput ? outputAlone : undefined)
  if (parsed.problems.length > 0) report(parsed.problems, name)
  return parsed
}

const nothing: Annotation.Parsed = {
  value: Annotation.empty,
  model: undefined,
  provider: undefined,
  problems: Problem.none
}

// The root of a trace whose retention depends on its tags: its identity is resolved before it exists.
interface LateRoot {
  root: RecordedSpan | undefined
}

const lateRetention = ({ process, retention }: Options["settings"], late: LateRoot) => (apmTraceId: string) =>
  LateRetention.make(() => retention(apmTraceId, SpanTags.of(process, late.root!, late.root!.annotation)))

const outputAlone = ["output"] as const

const identify = (
  ids: IdGeneratorService,
  span: TracerSpan | undefined,
  carrier: Carrier | undefined,
  parent: RecordedSpan | undefined,
  clock: Clock.Clock
): { readonly spanId: string; readonly apmTraceId: string } => {
  if (carrier !== undefined) return { spanId: SpanId.toDecimal(carrier.spanId), apmTraceId: carrier.traceId }
  if (span !== undefined && SpanId.isValid(span.spanId) && TraceId.isValid(span.traceId)) {
    return { spanId: SpanId.toDecimal(span.spanId), apmTraceId: span.traceId }
  }
  return {
    spanId: SpanId.toDecimal(ids.spanId()),
    apmTraceId: parent?.context.apmTraceId ?? ids.traceId(seconds(clock))
  }
}

const seconds = (clock: Clock.Clock): number => Number(clock.currentTimeMillisUnsafe()) / 1000
