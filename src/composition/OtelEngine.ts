/**
 * The engine behind a span processor of OpenTelemetry. It starts with the first span, because the resource of that span
 * names the service.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Tracer from "effect/Tracer"
import * as RequestStorage from "../adapters/async-context/RequestStorage.ts"
import * as EffectTracer from "../adapters/effect-tracer/EffectTracer.ts"
import * as ProcessExit from "../adapters/node-process/ProcessExit.ts"
import * as AlwaysRecord from "../adapters/otel/AlwaysRecord.ts"
import type { SdkSpan } from "../adapters/otel/HostedSpan.ts"
import { HostedSpans } from "../adapters/otel/HostedSpans.ts"
import * as OtelApi from "../adapters/otel/OtelApi.ts"
import * as OtelContext from "../adapters/otel/OtelContext.ts"
import * as AttributeReader from "../domain/semconv/AttributeReader.ts"
import type { Attributes } from "../domain/semconv/OtelSpan.ts"
import { artificialKey } from "../domain/trace/GenAi.ts"
import { CurrentHostSpans } from "../ports/HostSpans.ts"
import { CurrentHostContextSource } from "../ports/IncomingRequest.ts"
import * as Engine from "./Engine.ts"

/** The attributes of a resource, as variables: what the environment names wins. */
const variables: ReadonlyArray<readonly [variable: string, ...attributes: ReadonlyArray<string>]> = [
  ["DD_SERVICE", "service.name"],
  ["DD_ENV", "deployment.environment.name", "deployment.environment"],
  ["DD_VERSION", "service.version"]
]

const fromResource = (resource: { readonly [key: string]: unknown }): { readonly [name: string]: string } => {
  const found: { [name: string]: string } = {}
  for (const [variable, ...attributes] of variables) {
    for (const attribute of attributes) {
      const value = resource[attribute]
      if (typeof value === "string" && value !== "" && !value.startsWith("unknown_service")) found[variable] ??= value
    }
  }
  return found
}

/** The members of a span processor, and of the engine behind it. None of the first four throws. */
export interface OtelEngine<A> {
  readonly onStart: (span: SdkSpan, context: OtelApi.OtelContext | undefined) => void
  readonly onEnding: (span: SdkSpan) => void
  readonly onEnd: (span: SdkSpan) => void
  readonly onEmit: (record: LogRecord, context: OtelApi.OtelContext | undefined) => void
  readonly flush: () => Promise<void>
  readonly shutdown: () => Promise<void>
  readonly layer: Layer.Layer<A>
  readonly run: <B, E>(effect: Effect.Effect<B, E, A>) => Promise<B>
}

interface LogRecord {
  readonly spanContext?: Pick<OtelApi.SpanContext, "traceId" | "spanId"> | undefined
  readonly eventName?: string | undefined
  readonly attributes?: Attributes | undefined
  readonly body?: unknown
}

const sweepMillis = 5_000

export const make = <A>(options: {
  readonly layer: Layer.Layer<A, unknown>
  /** Whether spans with an event of ours are marked for Datadog's own conversion. */
  readonly marks: boolean
}): OtelEngine<A> => {
  const spans = new HostedSpans({ now: Date.now, request: RequestStorage.find })
  let engine: Engine.Engine<A> | undefined
  let ended: Promise<void> | undefined
  let stop = (): void => {}
  let failed = false

  const start = (resource: Attributes = {}): Engine.Engine<A> => {
    if (engine !== undefined) return engine
    // Before the engine's own listener: what is held is in the ledger when the engine counts.
    const forget = ProcessExit.onExit(() => spans.close())
    const timer = setInterval(() => safely(() => spans.sweep()), sweepMillis)
    timer.unref()
    stop = () => {
      clearInterval(timer)
      forget()
    }
    const started = engine = Engine.start({
      layer: withResource(options.layer, resource),
      services: services(spans),
      onIdle: () => void shutdown()
    })
    started.ready.then(
      (context) => {
        spans.connect(context as Context.Context<never>)
        if (spans.dropped > 0) started.warn(droppedBefore(spans.dropped))
      },
      () => {
        spans.fail()
        started.warn(hasNoLayer(spans.dropped))
      }
    )
    const sampler = AlwaysRecord.dropping()
    if (sampler !== undefined) started.warn(dropsSpans(sampler))
    return started
  }

  const safely = (f: () => void): void => {
    if (ended !== undefined) return
    try {
      f()
    } catch (error) {
      if (!failed) engine?.warn(`The span processor failed (${error instanceof Error ? error.name : typeof error}).`)
      failed = true
    }
  }

  const close = async (): Promise<void> => {
    if (engine === undefined) return
    stop()
    await engine.ready.catch(() => {})
    spans.close()
    await engine.close()
  }

  const shutdown = (): Promise<void> => ended ??= close()

  return {
    onStart: (span, context) =>
      safely(() => {
        start(span.resource?.attributes)
        spans.start(span, context)
      }),
    onEnding: (span) =>
      safely(() => {
        if (options.marks && spans.mark(span)) { for (const [key, value] of marks) span.setAttribute?.(key, value) }
      }),
    onEnd: (span) =>
      safely(() => {
        if (!spans.end(span) || !options.marks) return
        // SDK 1 has no `onEnding`, and ignores `setAttribute` after the end.
        for (const [key, value] of marks) (span.attributes as { [key: string]: unknown })[key] = value
      }),
    onEmit: (record, context) =>
      safely(() => {
        const id = record.spanContext ?? (context === undefined ? undefined : OtelApi.spanContext(context))
        const name = record.eventName ?? record.attributes?.["event.name"]
        if (id === undefined || typeof name !== "string") return
        const body = AttributeReader.isObject(record.body) ? record.body : undefined
        spans.log(id, { name, attributes: { ...record.attributes, ...body } })
      }),
    flush: async () => {
      if (engine === undefined) return
      await (ended ?? engine.ready)
      spans.release()
      const { pending } = await engine.flush()
      if (pending > 0) throw new Error(`effect-llmobs: ${pending} events are not delivered yet. See docs/delivery.md.`)
    },
    shutdown,
    layer: Layer.effectContext(Effect.contextWith((around: Context.Context<never>) => {
      const tracer = Context.get(around, Tracer.Tracer)
      const isOther = tracer !== Tracer.nativeTracer && !EffectTracer.isOurs(tracer)
      return Effect.map(
        Effect.promise(() => start().ready),
        // A tracer of the program that makes spans of OpenTelemetry stays.
        (context) => isOther ? Context.add(context, Tracer.Tracer, tracer) : context
      )
    })),
    run: async (effect) => Effect.runPromise(Effect.provideContext(effect, await start().ready))
  }
}

const services = (spans: HostedSpans): Context.Context<never> =>
  Context.make(CurrentHostSpans, spans).pipe(Context.add(CurrentHostContextSource, OtelContext.source()))

// `ConfigProvider` is costly to load, so it is imported when the engine starts.
const withResource = <A, E>(layer: Layer.Layer<A, E>, resource: Attributes): Layer.Layer<A, E> => {
  const found = fromResource(resource)
  if (Object.keys(found).length === 0) return layer
  return Layer.unwrap(Effect.map(
    Effect.promise(() => import("effect/ConfigProvider")),
    ({ ConfigProvider, fromEnv, fromUnknown, orElse }) =>
      Layer.provide(layer, Layer.succeed(ConfigProvider, orElse(fromEnv(), fromUnknown(found))))
  ))
}

const marks = [["dd_llmobs_enabled", false], [artificialKey, "true"]] as const

const droppedBefore = (count: number): string =>
  `${count} spans of OpenTelemetry ended before the layer was built, and were more than can be held: their events are lost. Start the layer earlier. See docs/adopting.md.`

const hasNoLayer = (count: number): string =>
  `The layer of LLMObsSpanProcessor failed, so spans of OpenTelemetry make no events: ${count} finished ones were dropped, and later ones will be. forceFlush() is rejected with the reason. See docs/adopting.md.`

const dropsSpans = (sampler: string): string =>
  `The sampler of OpenTelemetry (${sampler}) can drop spans before LLM Observability sees them; their events are then lost. Wrap it: alwaysRecord(sampler), of effect-llmobs/OtelProcessor. Exporters get what they got before. See docs/adopting.md.`
