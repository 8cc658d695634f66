/**
 * A recorded span and the Effect span of the same work. They open in one step and end at the same time.
 *
 * **Details**
 *
 * If the tracer is ours, the Effect span is the APM span that the event can ride. Under any other tracer it only
 * provides its ids. Without a layer, or while recording is off, there is only the Effect span.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import * as Tracer from "effect/Tracer"
import type { AnnotationInput } from "../../domain/span/Annotation.ts"
import type { SpanKind } from "../../domain/span/SpanKind.ts"
import * as SpanName from "../../domain/span/SpanName.ts"
import type { Slot } from "../../ports/Carrier.ts"
import { CarrierSlot } from "../../ports/Carrier.ts"
import type { ContextReader } from "../../ports/ContextReader.ts"
import type { OpenSpan } from "../../ports/CurrentSpan.ts"
import { CurrentSpan } from "../../ports/CurrentSpan.ts"
import type { SpanEnd, SpanStart } from "../../ports/Recorder.ts"
import * as CallbackRegion from "../context/CallbackRegion.ts"
import * as OutsideSpans from "./OutsideSpans.ts"
import { RecordedSpan } from "./RecordedSpan.ts"
import * as SpanExit from "./SpanExit.ts"
import * as SpanTime from "./SpanTime.ts"
import type { Surroundings } from "./Surroundings.ts"
import * as SpanSurroundings from "./Surroundings.ts"

export interface PairedSpan {
  readonly kind: SpanKind
  /** The Effect span, for use as a parent. */
  readonly span: Tracer.Span
  /** The recorded span. `undefined` if nothing is recorded. */
  readonly open: OpenSpan | undefined
  /** The context inside the span: that of its children, and of annotations of the current span. */
  readonly inside: <R>(context: Context.Context<R>) => Context.Context<R>
  readonly annotate: (input: AnnotationInput) => void
  /** Ends both spans, without waiting for room. A second call changes nothing. */
  readonly end: (end?: SpanEnd) => void
  /** Ends both spans. The caller must run the returned effect before it continues. */
  readonly endAndWait: (end?: SpanEnd) => Effect.Effect<void> | undefined
}

class Paired implements PairedSpan {
  readonly kind: SpanKind
  readonly span: Tracer.Span
  readonly open: OpenSpan | undefined
  readonly surroundings: Surroundings
  /** The context that the span started in, and the region that a callback takes from the fiber that waits for it. */
  readonly around: Context.Context<never>
  readonly region: Context.Context<never> | undefined

  constructor(
    kind: SpanKind,
    span: Tracer.Span,
    open: OpenSpan | undefined,
    surroundings: Surroundings,
    around: Context.Context<never>,
    region: Context.Context<never> | undefined
  ) {
    this.kind = kind
    this.span = span
    this.open = open
    this.surroundings = surroundings
    this.around = around
    this.region = region
  }

  inside<R>(context: Context.Context<R>): Context.Context<R> {
    const { open, region, surroundings } = this
    const around = region === undefined ? context : Context.merge(region, context)
    // By its key: `Context.add` makes a closure for each call.
    const spanned = Context.addUnsafe(around, Tracer.ParentSpan.key, this.span)
    if (open === undefined) return spanned
    const recorded = Context.addUnsafe(spanned, CurrentSpan.key, open)
    const inside = surroundings.callbacks?.enter(recorded) ?? recorded
    if (context === this.around && open instanceof RecordedSpan) open.inside = { context: inside, surroundings }
    return inside
  }

  annotate(input: AnnotationInput): void {
    if (this.open !== undefined) this.surroundings.recorder!.annotate(this.open, input)
  }

  end(end?: SpanEnd): void {
    if (this.open !== undefined) this.surroundings.recorder!.end(this.open, end)
    else this.endSpan(end)
  }

  endAndWait(end?: SpanEnd): Effect.Effect<void> | undefined {
    if (this.open !== undefined) return this.surroundings.recorder!.endAndWait(this.open, end)
    this.endSpan(end)
    return undefined
  }

  private endSpan(end: SpanEnd = {}): void {
    if (this.span.status._tag !== "Ended") {
      const { clock, isTimed } = this.surroundings
      const now = isTimed ? clock.currentTimeNanosUnsafe() : 0n
      this.span.end(SpanTime.fromUnknown(end.at) ?? now, SpanExit.of(end))
    }
  }
}

/** Opens both spans in a context. */
export const open = (
  caller: ContextReader,
  start: Pick<SpanStart, "kind" | "name" | "at" | "options" | "scoped">
): PairedSpan => {
  const parent = caller.getRef(CurrentSpan)
  const callback = parent === undefined ? CallbackRegion.around(caller) : undefined
  const reader = CallbackRegion.within(callback, caller)
  const surroundings = SpanSurroundings.read(reader, parent instanceof RecordedSpan ? parent.inside : undefined)
  const { clock, isTimed, recorder, region } = surroundings
  const { at, kind, options, scoped } = start
  const name = SpanName.fromUnknown(start.name)
  if (recorder === undefined) OutsideSpans.started(name)
  const slot: Slot | undefined = recorder === undefined ? undefined : { kind, reader, carrier: undefined }
  const now = isTimed ? clock.currentTimeNanosUnsafe() : undefined
  const span = openSpan(reader, surroundings, name, slot, SpanTime.fromUnknown(at) ?? now ?? 0n)
  const recorded = recorder?.start({
    kind,
    name,
    parent,
    at,
    now,
    clock,
    ambient: reader,
    region,
    options,
    carrier: slot?.carrier,
    span,
    scoped
  })
  return new Paired(kind, span, recorded, surroundings, caller.context, callback)
}

/**
 * Opens both spans in a scope, whose end ends them. The finalizer is added before the spans open, so that nothing can
 * come in between.
 */
export const openScoped = (
  reader: ContextReader,
  scope: Scope.Scope,
  start: Omit<Parameters<typeof open>[1], "scoped">,
  end: (span: PairedSpan, exit: Exit.Exit<unknown, unknown>) => Effect.Effect<void> | undefined
): Effect.Effect<PairedSpan> =>
  Effect.uninterruptible(Effect.suspend(() => {
    let span: PairedSpan | undefined
    let closed: Exit.Exit<unknown, unknown> | undefined
    const close = (exit: Exit.Exit<unknown, unknown>) =>
      Effect.suspend(() => {
        closed = exit
        return (span === undefined ? undefined : end(span, exit)) ?? Effect.void
      })
    return Effect.flatMap(Scope.addFinalizerExit(scope, close), () => {
      const opened = span = open(reader, { ...start, scoped: true })
      // If the scope was already closed, it has run its finalizer by now.
      return closed === undefined ? Effect.succeed(opened) : Effect.as(close(closed), opened)
    })
  }))

// This repeats `Effect.makeSpan`, which takes neither a context nor a time.
const openSpan = (
  reader: ContextReader,
  { attributes, isTraced, isWanted, links }: Surroundings,
  name: string,
  slot: Slot | undefined,
  startTime: bigint
): Tracer.Span => {
  const parent = propagated(Context.getOrUndefined(reader.context, Tracer.ParentSpan))
  if (!isTraced) return new NoSpan(name, parent)
  const span = reader.getRef(Tracer.Tracer).span({
    name,
    parent,
    // Without a map, which `Context.make` makes.
    annotations: slot === undefined ? Context.empty() : Context.addUnsafe(Context.empty(), CarrierSlot.key, slot),
    links: links.length === 0 ? [] : links.slice(),
    startTime,
    kind: "internal",
    root: false,
    sampled: isWanted && (parent._tag === "None" || parent.value.sampled)
  })
  for (const key in attributes) span.attribute(key, attributes[key])
  return span
}

const propagated = (span: Tracer.AnySpan | undefined): Option.Option<Tracer.AnySpan> => {
  let current = span
  while (current !== undefined && Context.get(current.annotations, Tracer.DisablePropagation)) {
    current = current._tag === "Span" ? Option.getOrUndefined(current.parent) : undefined
  }
  return Option.fromUndefinedOr(current)
}

/** The span if tracing is off: without id and children, as in Effect. */
class NoSpan extends Tracer.NativeSpan {
  override get traceId(): string {
    return "noop"
  }

  override get spanId(): string {
    return "noop"
  }

  constructor(name: string, parent: Option.Option<Tracer.AnySpan>) {
    super({
      name,
      parent,
      annotations: Context.make(Tracer.DisablePropagation, true),
      links: [],
      startTime: 0n,
      kind: "internal",
      sampled: false
    })
  }
}
