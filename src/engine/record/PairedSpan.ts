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
import type * as Option from "effect/Option"
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
import { Recorder } from "../../ports/Recorder.ts"
import * as CallbackRegion from "../context/CallbackRegion.ts"
import * as OutsideSpans from "./OutsideSpans.ts"
import { RecordedSpan } from "./RecordedSpan.ts"
import * as SpanExit from "./SpanExit.ts"
import * as SpanTime from "./SpanTime.ts"
import type { Surroundings } from "./Surroundings.ts"
import * as SpanSurroundings from "./Surroundings.ts"
import { Around } from "./Surroundings.ts"

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
  readonly around: Around
  readonly region: Context.Context<never> | undefined
  /** The annotations that the tracer was given. */
  readonly annotations: Context.Context<never>

  constructor(
    kind: SpanKind,
    span: Tracer.Span,
    open: OpenSpan | undefined,
    around: Around,
    region: Context.Context<never> | undefined,
    annotations: Context.Context<never>
  ) {
    this.kind = kind
    this.span = span
    this.open = open
    this.surroundings = around.surroundings
    this.around = around
    this.region = region
    this.annotations = annotations
  }

  inside<R>(context: Context.Context<R>): Context.Context<R> {
    const { open, region } = this
    const outer = region === undefined ? context : Context.merge(region, context)
    // By its key: `Context.add` makes a closure for each call.
    const spanned = Context.addUnsafe(outer, Tracer.ParentSpan.key, this.span)
    if (open === undefined) return spanned
    const recorded = Context.addUnsafe(spanned, CurrentSpan.key, open)
    return region === undefined && context === this.around.context && open instanceof RecordedSpan
      ? this.enterDirectly(recorded, open)
      : this.enter(recorded)
  }

  private enter<R>(recorded: Context.Context<R>): Context.Context<R> {
    return this.surroundings.callbacks?.enter(recorded) ?? recorded
  }

  // Keeps what is known of the context inside for the spans that start there.
  private enterDirectly<R>(recorded: Context.Context<R>, open: RecordedSpan): Context.Context<R> {
    const { around, span } = this
    const inside = around.isInside ? recorded : this.enter(recorded)
    // A tracer that keeps the annotations does not hide its span from children.
    const parent = span.annotations === this.annotations ? span : undefined
    open.inside = new Around(inside, this.surroundings, { tracer: around.isInside ? around.tracer : undefined, parent })
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
  const named = parent === undefined ? SpanSurroundings.ofRoot(caller) : undefined
  const callback = named === undefined ? undefined : CallbackRegion.behind(named.surroundings.callbacks, caller)
  const reader = CallbackRegion.within(callback, caller)
  const around = named !== undefined && callback === undefined ? named : aroundOf(reader, parent)
  const { clock, isTimed, recorder, region } = around.surroundings
  const { at, kind, options, scoped } = start
  const name = SpanName.fromUnknown(start.name)
  if (recorder === undefined) OutsideSpans.started(name)
  const slot: Slot | undefined = recorder === undefined ? undefined : { kind, reader, region, carrier: undefined }
  // Without a map, which `Context.make` makes.
  const annotations = slot === undefined
    ? Context.empty()
    : Context.addUnsafe(Context.empty(), CarrierSlot.key, slot)
  const now = isTimed ? clock.currentTimeNanosUnsafe() : undefined
  const span = openSpan(around, name, annotations, SpanTime.fromUnknown(at) ?? now ?? 0n)
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
  return new Paired(kind, span, recorded, around, callback, annotations)
}

const aroundOf = (reader: ContextReader, parent: OpenSpan | undefined): Around => {
  const inside = parent instanceof RecordedSpan ? parent.inside : undefined
  return inside !== undefined && inside.context === reader.context ? inside : SpanSurroundings.of(reader)
}

/** Adds to the span around a caller. */
export const annotateAround = (caller: ContextReader, input: AnnotationInput): void => {
  const open = caller.getRef(CurrentSpan)
  const inside = open instanceof RecordedSpan ? open.inside : undefined
  const recorder = inside !== undefined && inside.context === caller.context
    ? inside.surroundings.recorder
    : caller.getRef(Recorder)
  recorder?.annotate(open ?? CallbackRegion.currentSpan(caller), input)
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
  around: Around,
  name: string,
  annotations: Context.Context<never>,
  startTime: bigint
): Tracer.Span => {
  const { parent, surroundings: { attributes, isTraced, isWanted, links } } = around
  if (!isTraced) return new NoSpan(name, parent)
  const span = around.tracer.span({
    name,
    parent,
    annotations,
    links: links.length === 0 ? [] : links.slice(),
    startTime,
    kind: "internal",
    root: false,
    sampled: isWanted && (parent._tag === "None" || parent.value.sampled)
  })
  for (const key in attributes) span.attribute(key, attributes[key])
  return span
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
