/**
 * The running runs of LangChain and LangGraph, by their ids. Each handler that LangChain makes reports to the same runs.
 */
import * as Clock from "effect/Clock"
import type { AnnotationInput } from "../../domain/span/Annotation.ts"
import type { SpanKind } from "../../domain/span/SpanKind.ts"
import { guard } from "../../engine/books/Guard.ts"
import type { RunningLayer } from "../../engine/context/RunningLayers.ts"
import * as RunningLayers from "../../engine/context/RunningLayers.ts"
import * as NamedLabels from "../../engine/record/NamedLabels.ts"
import type { PairedSpan } from "../../engine/record/PairedSpan.ts"
import * as PairedSpans from "../../engine/record/PairedSpan.ts"
import * as ContextReader from "../../ports/ContextReader.ts"
import type { SpanEnd } from "../../ports/Recorder.ts"
import type { RunStart } from "./RunDescription.ts"
import * as RunDescriptions from "./RunDescription.ts"

/** No member throws. */
export interface LangChainRuns {
  readonly start: (run: RunStart, kind: SpanKind | "chain", input: () => AnnotationInput) => void
  /** Notes a piece of a streamed answer. */
  readonly token: (runId: string, token: unknown) => void
  readonly end: (runId: string, output: () => AnnotationInput) => void
  readonly fail: (runId: string, error: unknown) => void
}

interface Run {
  readonly layer: RunningLayer
  /** The span of the run, or that of the nearest run around it if it has none. */
  readonly span: PairedSpan | undefined
  readonly isOwn: boolean
  readonly around: Run | undefined
  /** The open runs inside. */
  readonly inner: Set<string>
  readonly startedAt: bigint
  /** Goes back out of the span, and stops to listen. */
  readonly leave: () => void
  /** The pieces of an answer, in case that nobody tells its end. */
  text: string
  answeredAt: bigint | undefined
  timer: ReturnType<typeof setTimeout> | undefined
}

// More runs are not open at a time: their library ends each one, except for streams that are left early.
const mostRuns = 10_000

// A stream without a piece for this time was left by its consumer.
const defaultQuietMillis = 60_000

const mostCharacters = 1_000_000

export const make = (quietMillis = defaultQuietMillis): LangChainRuns => {
  const runs = new Map<string, Run>()

  const begin = (layer: RunningLayer, run: RunStart, of: SpanKind | "chain", input: () => AnnotationInput): void => {
    const kind = of === "chain" ? RunDescriptions.kindOfChain(run) : of
    const around = run.parentRunId === undefined ? undefined : runs.get(run.parentRunId)
    const current = layer.current()
    const reader = around?.span === undefined ? current : ContextReader.make(around.span.inside(current.context))
    if (runs.size >= mostRuns) {
      for (const oldest of runs.keys()) {
        leaveOpen(oldest)
        break
      }
    }
    const startedAt = reader.getRef(Clock.Clock).monotonicTimeNanosUnsafe()
    const state = {
      layer,
      around,
      inner: new Set<string>(),
      startedAt,
      text: "",
      answeredAt: undefined,
      timer: undefined
    }
    if (RunDescriptions.isHidden(run) || RunningLayers.isClaimed(reader)) {
      runs.set(run.runId, { ...state, span: around?.span, isOwn: false, leave: () => {} })
      return
    }
    const span = PairedSpans.open(reader, {
      kind,
      name: RunDescriptions.nameOf(run, kind),
      options: {
        ...NamedLabels.of(reader, RunDescriptions.labels(run.metadata)),
        tags: { integration: RunDescriptions.integrationOf(run) }
      }
    })
    if (kind === "llm" && span.open !== undefined) span.open.claimed = true
    // A handler cannot run the call in a scope, so the function of LangChain that makes the call is put into the span.
    const goBack = layer.enter(span)
    const forget = layer.onClose(() => leaveOpen(run.runId))
    const leave = (): void => {
      goBack()
      forget()
    }
    runs.set(run.runId, { ...state, span, isOwn: true, leave })
    around?.inner.add(run.runId)
    span.annotate(input())
  }

  // LangChain does not tell when the consumer of a stream leaves it.
  const leaveOpen = (runId: string): void => {
    const run = runs.get(runId)
    if (run !== undefined) finish(runId, unfinished(run), () => answered(run))
  }

  const watch = (runId: string, run: Run): void => {
    run.timer = setTimeout(() => {
      const quiet = Number(now(run) - run.answeredAt!) / 1e6
      if (quiet >= quietMillis) leaveOpen(runId)
      else watch(runId, run)
    }, quietMillis)
    const { unref } = run.timer as { readonly unref?: () => void }
    unref?.call(run.timer)
  }

  const finish = (runId: string, end: SpanEnd, output?: () => AnnotationInput): void => {
    const run = take(runId)
    if (run === undefined) return
    run.around?.inner.delete(runId)
    // A run is over when the run around it is.
    for (const open of innermostFirst(run, take)) close(open, unfinished(open), () => answered(open))
    close(run, end, output)
  }

  /** Takes a run that has a span of its own out of the open ones. */
  const take = (runId: string): Run | undefined => {
    const run = runs.get(runId)
    runs.delete(runId)
    if (run === undefined || !run.isOwn) return undefined
    clearTimeout(run.timer)
    return run
  }

  return {
    start: (run, kind, input) => {
      const layer = RunningLayers.ofCaller()
      if (layer !== undefined) {
        guard(layer.diagnostics, "langchain.start", () => begin(layer, run, kind, input), undefined)
      }
    },
    token: (runId, token) => {
      const run = runs.get(runId)
      if (run === undefined || !run.isOwn) return
      const isFirst = run.answeredAt === undefined
      run.answeredAt = now(run)
      if (typeof token === "string" && run.text.length < mostCharacters) run.text += token
      if (!isFirst) return
      guard(run.layer.diagnostics, "langchain.token", () => {
        const elapsed = run.layer.current().getRef(Clock.Clock).monotonicTimeNanosUnsafe() - run.startedAt
        run.span?.annotate({ metrics: { timeToFirstToken: Number(elapsed) / 1e9 } })
        watch(runId, run)
      }, undefined)
    },
    end: (runId, output) => finish(runId, {}, output),
    fail: (runId, error) => {
      const run = runs.get(runId)
      if (run !== undefined) {
        finish(runId, guard(run.layer.diagnostics, "langchain.error", () => RunDescriptions.failure(error), { error }))
      }
    }
  }
}

/** Takes the runs inside a run. A nesting can be deeper than the stack, so they are listed, each behind its outer one. */
const innermostFirst = (run: Run, take: (runId: string) => Run | undefined): ReadonlyArray<Run> => {
  const inner: Array<Run> = []
  for (let around: Run | undefined = run, next = 0; around !== undefined; around = inner[next++]) {
    for (const id of around.inner) {
      const open = take(id)
      if (open !== undefined) inner.push(open)
    }
    around.inner.clear()
  }
  return inner.reverse()
}

const unfinished = (run: Run): SpanEnd => ({ at: run.answeredAt, unfinished: true })

const answered = ({ text }: Run): AnnotationInput => text === "" ? {} : { output: text }

const close = (run: Run, end: SpanEnd, output: (() => AnnotationInput) | undefined): void => {
  guard(run.layer.diagnostics, "langchain.end", () => {
    run.leave()
    if (output !== undefined) run.span?.annotate(output())
  }, undefined)
  run.span?.end(end)
}

const now = (run: Run): bigint => run.layer.current().getRef(Clock.Clock).currentTimeNanosUnsafe()
