/**
 * A trace processor of OpenAI Agents, by its members: nothing of the framework is imported.
 *
 * **Details**
 *
 * The framework calls its processors one after the other, each after an `await`, so none can put the work of a span into a
 * scope. But it carries its current span itself; `scopeOf` finds the span here for it, and opens it if its processor has not
 * been told yet. So calls of a client, and spans of a tool, find the framework's span around them.
 */
import * as Clock from "effect/Clock"
import * as UnknownFields from "../../domain/json/UnknownFields.ts"
import { guard } from "../../engine/books/Guard.ts"
import type { FrameworkScope } from "../../engine/context/FrameworkScopes.ts"
import type { RunningLayer } from "../../engine/context/RunningLayers.ts"
import * as RunningLayers from "../../engine/context/RunningLayers.ts"
import * as NamedLabels from "../../engine/record/NamedLabels.ts"
import type { PairedSpan } from "../../engine/record/PairedSpan.ts"
import * as PairedSpans from "../../engine/record/PairedSpan.ts"
import type { ContextReader } from "../../ports/ContextReader.ts"
import type { SpanEnd } from "../../ports/Recorder.ts"
import type { AgentsSpan, AgentsTrace } from "./AgentsSpan.ts"
import * as AgentsSpans from "./AgentsSpan.ts"

/** The members that the framework calls. None rejects. */
export interface Processor {
  readonly onTraceStart: (trace: object) => Promise<void>
  readonly onTraceEnd: (trace: object) => Promise<void>
  readonly onSpanStart: (span: object) => Promise<void>
  readonly onSpanEnd: (span: object) => Promise<void>
  readonly shutdown: () => Promise<void>
  readonly forceFlush: () => Promise<void>
}

export interface AgentsProcessor {
  readonly processor: Processor
  /** The inside of a trace or a span of the framework. */
  readonly scopeOf: (current: object) => FrameworkScope | undefined
}

/** A trace or a span that is open. */
interface Entry {
  /** `undefined` for a trace. */
  readonly of: AgentsSpan | undefined
  readonly name: string
  readonly layer: RunningLayer
  readonly clock: Clock.Clock
  /** `undefined` for one that is left out: what is inside belongs to the one around it. */
  readonly span: PairedSpan | undefined
  readonly scope: FrameworkScope | undefined
  readonly around: Entry | undefined
  /** The open ones inside. */
  readonly inner: Set<string>
  readonly forget: () => void
  /** The content of a trace, which is that of its calls. */
  input: string | undefined
  output: string | undefined
  timer: ReturnType<typeof setTimeout> | undefined
}

// A trace in which nothing happens for this time was left: the framework tells no end of one that fails.
const defaultQuietMillis = 60_000

// More are not open at a time; the oldest was most likely left.
const mostOpen = 10_000

const mostAncestors = 32

const tags = { integration: "openai-agents" }

class AgentsRuns {
  readonly entries = new Map<string, Entry>()
  readonly #quietMillis: number
  // The scope in which an entry is being opened, while one is.
  opening: { readonly scope: FrameworkScope | undefined } | undefined = undefined

  constructor(quietMillis: number) {
    this.#quietMillis = quietMillis
  }

  open(
    id: string,
    { around, layer, name, of }: Pick<Entry, "around" | "layer" | "name" | "of">,
    start: (reader: ContextReader) => PairedSpan | undefined
  ): void {
    if (this.entries.size >= mostOpen) {
      const [oldest] = this.entries.keys()
      if (oldest !== undefined) this.close(oldest)
    }
    const before = this.opening
    this.opening = { scope: around?.scope }
    try {
      const reader = layer.current()
      const span = RunningLayers.isClaimed(reader) ? undefined : start(reader)
      const entry: Entry = {
        of,
        name,
        layer,
        clock: reader.getRef(Clock.Clock),
        span,
        scope: span === undefined ? around?.scope : layer.scopeOf(span),
        around,
        inner: new Set(),
        forget: layer.onClose(() => this.close(id)),
        input: undefined,
        output: undefined,
        timer: undefined
      }
      this.entries.set(id, entry)
      around?.inner.add(id)
      clearTimeout(traceOf(entry)?.timer)
    } finally {
      this.opening = before
    }
  }

  startTrace(layer: RunningLayer, trace: AgentsTrace): void {
    const id = UnknownFields.text(trace.traceId)
    if (id === undefined || this.entries.has(id)) return
    const name = UnknownFields.text(trace.name) ?? "Agent workflow"
    this.open(id, { of: undefined, name, layer, around: undefined }, (reader) => {
      const labels = NamedLabels.of(reader, { sessionId: trace.groupId, userId: undefined })
      const metadata = AgentsSpans.present(trace.metadata)
      return PairedSpans.open(reader, { kind: "workflow", name, options: { ...labels, tags, metadata } })
    })
  }

  startSpan(layer: RunningLayer, span: AgentsSpan, depth = 0): void {
    const id = UnknownFields.text(span.spanId)
    if (id === undefined || this.entries.has(id)) return
    const { previousSpan: previous } = span
    if (!this.entries.has(String(span.parentId)) && AgentsSpans.isParent(previous, span) && depth < mostAncestors) {
      this.startSpan(layer, previous, depth + 1)
    }
    const around = this.entries.get(String(span.parentId)) ?? this.entries.get(String(span.traceId))
    const kind = AgentsSpans.kindOf(span)
    const name = AgentsSpans.nameOf(span, around === undefined ? undefined : outermostAgent(around)?.name)
    this.open(id, { of: span, name, layer: around?.layer ?? layer, around }, (reader) => {
      if (kind === undefined) return undefined
      const options = { tags, ...(kind === "llm" ? { provider: "openai" } : undefined) }
      const opened = PairedSpans.open(reader, { kind, name, options })
      if (kind === "llm" && opened.open !== undefined) opened.open.claimed = true
      return opened
    })
  }

  endSpan(id: string, entry: Entry, span: AgentsSpan): void {
    const trace = traceOf(entry)
    const { diagnostics } = entry.layer
    const content = guard(diagnostics, "openai_agents.content", () => AgentsSpans.content(span), {})
    if (AgentsSpans.kindOf(span) === "llm" && trace !== undefined && outermostAgent(entry.around) !== undefined) {
      guard(diagnostics, "openai_agents.content", () => {
        const { input, output } = AgentsSpans.ends(content)
        trace.input ??= input
        trace.output = output
      }, undefined)
    }
    const end: SpanEnd = {
      at: AgentsSpans.endedAt(span, entry.clock.currentTimeNanosUnsafe()),
      error: guard(diagnostics, "openai_agents.error", () => AgentsSpans.failureOf(span), undefined)
    }
    this.settle(id, entry, end, () => content)
    // The framework ends no trace whose work throws.
    if (end.error !== undefined && trace !== undefined && isOutermost(entry)) {
      this.endTrace(String(span.traceId), trace, end)
    }
  }

  endTrace(id: string, trace: Entry, end: SpanEnd): void {
    this.settle(id, trace, end, () => ({
      ...(trace.input === undefined ? undefined : { input: trace.input }),
      ...(trace.output === undefined ? undefined : { output: trace.output })
    }))
  }

  /** Ends an entry whose end nobody has told yet. */
  close(id: string): void {
    const entry = this.entries.get(id)
    if (entry === undefined) return
    const { of } = entry
    if (of === undefined) this.endTrace(id, entry, { unfinished: true })
    else if (UnknownFields.text(of.endedAt) !== undefined) this.endSpan(id, entry, of)
    else this.settle(id, entry, { unfinished: true }, () => AgentsSpans.content(of))
  }

  settle(id: string, entry: Entry, end: SpanEnd, content: () => Parameters<PairedSpan["annotate"]>[0]): void {
    if (!this.entries.delete(id)) return
    clearTimeout(entry.timer)
    entry.forget()
    entry.around?.inner.delete(id)
    for (const inner of entry.inner) this.close(inner)
    const { around, layer, span } = entry
    if (span !== undefined) {
      guard(layer.diagnostics, "openai_agents.annotate", () => span.annotate(content()), undefined)
      span.end(end)
    }
    if (around?.of === undefined && around?.inner.size === 0) this.watch(String(entry.of?.traceId), around)
  }

  watch(id: string, trace: Entry): void {
    const at = trace.clock.currentTimeNanosUnsafe()
    clearTimeout(trace.timer)
    trace.timer = setTimeout(() => this.endTrace(id, trace, { at, unfinished: true }), this.#quietMillis)
    const { unref } = trace.timer as { readonly unref?: () => void }
    unref?.call(trace.timer)
  }

  /** Handles what the framework tells, which may be of a span around the current one: that is told of later. */
  listen(place: string, handle: (layer: RunningLayer) => void): void {
    const before = this.opening
    this.opening = { scope: undefined }
    try {
      const layer = RunningLayers.ofCaller()
      if (layer !== undefined) guard(layer.diagnostics, place, () => handle(layer), undefined)
    } finally {
      this.opening = before
    }
  }

  lookUp(current: object): FrameworkScope | undefined {
    if (this.opening !== undefined) return this.opening.scope
    const span: AgentsSpan = current
    const trace = this.entries.get(String(span.traceId))
    if (trace !== undefined && AgentsSpans.isRunning(span)) {
      guard(trace.layer.diagnostics, "openai_agents.span", () => this.startSpan(trace.layer, span), undefined)
    }
    return (this.entries.get(String(span.spanId)) ?? this.entries.get(String(span.parentId)) ?? trace)?.scope
  }
}

export const make = (quietMillis = defaultQuietMillis): AgentsProcessor => {
  const runs = new AgentsRuns(quietMillis)
  const told = (place: string, handle: (layer: RunningLayer, given: object) => void) => (given: object) => {
    runs.listen(`openai_agents.${place}`, (layer) => handle(layer, given))
    return Promise.resolve()
  }
  return {
    processor: {
      onTraceStart: told("trace", (layer, trace) => runs.startTrace(layer, trace)),
      onTraceEnd: told("trace_end", (_, { traceId }: AgentsTrace) => {
        const trace = runs.entries.get(String(traceId))
        if (trace !== undefined) runs.endTrace(String(traceId), trace, {})
      }),
      onSpanStart: told("span", (layer, span) => runs.startSpan(layer, span)),
      onSpanEnd: told("span_end", (_, span: AgentsSpan) => {
        const entry = runs.entries.get(String(span.spanId))
        if (entry !== undefined) runs.endSpan(String(span.spanId), entry, span)
      }),
      shutdown: () => Promise.resolve(),
      forceFlush: () => Promise.resolve()
    },
    scopeOf: (current) => runs.lookUp(current)
  }
}

const traceOf = (entry: Entry): Entry | undefined => {
  let at: Entry | undefined = entry
  while (at?.of !== undefined) at = at.around
  return at
}

/** The nearest entry around that is recorded, or the trace. */
const recordedAround = (entry: Entry): Entry | undefined => {
  let at = entry.around
  while (at?.of !== undefined && AgentsSpans.kindOf(at.of) === undefined) at = at.around
  return at
}

const isOutermost = (entry: Entry): boolean => {
  const around = recordedAround(entry)
  return around !== undefined && around.of === undefined
}

/** The agent that an entry is, or is a step of, if no other agent or tool is around it. */
const outermostAgent = (entry: Entry | undefined): Entry | undefined => {
  let at = entry
  while (at?.of !== undefined && AgentsSpans.kindOf(at.of) === undefined) at = at.around
  return at?.of !== undefined && AgentsSpans.typeOf(at.of) === "agent" && isOutermost(at) ? at : undefined
}
