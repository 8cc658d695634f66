/** The work of one process: a library, the spans, and how fast they come. */
import type { LibraryName } from "./Library.ts"
import type { Shape } from "./Shape.ts"
import type { Turns } from "./TurnMeter.ts"

/**
 * `Turns`: as fast as possible; the event loop turns after each `spansPerTurn`. `Rate`: so many spans a second.
 * `Together`: all traces of a turn are open at the same time. `Start`: the library is started, and makes one span.
 */
export type Pace =
  | { readonly _tag: "Turns"; readonly spans: number; readonly spansPerTurn: number }
  | { readonly _tag: "Rate"; readonly perSecond: number; readonly seconds: number }
  | { readonly _tag: "Together"; readonly traces: number; readonly rounds: number }
  | { readonly _tag: "Start" }

export interface Job {
  readonly library: LibraryName
  readonly shape: Shape
  readonly pace: Pace
  /** Flushed after each turn, and awaited where that is possible; or when the library itself wants to. */
  readonly flush: "each turn" | "own"
  /** Spans before the measurement. */
  readonly warmUp: number
  /** Whether the longest turn of the event loop is looked for. Looking takes the processor, so no cost is measured. */
  readonly watchesTurns: boolean
  /** Whether the process is profiled: ours then runs from its sources, which name the parts. */
  readonly profiles?: boolean | undefined
}

/** A measurement. Times of a span are microseconds of processor time. */
export interface Report {
  /** All spans, and those of them that were measured: the others are the warm-up. */
  readonly spans: number
  readonly measured: number
  /** Of the thread that the program runs in. */
  readonly threadMicros: number
  /** Of all threads of the process, such as those of garbage collection. */
  readonly processMicros: number
  readonly wallMillis: number
  readonly peakRssMegabytes: number
  /** The delay of the event loop. */
  readonly delayP99Millis: number
  readonly delayMaxMillis: number
  /** Turns of the event loop, without garbage collection. */
  readonly turns: Turns | undefined
  /** The share of each part of the program, of a process that was profiled. */
  readonly parts?: { readonly [part: string]: number } | undefined
}

/** Messages of the process to its parent. */
export type ToParent =
  | { readonly _tag: "Quiet" }
  | { readonly _tag: "Report"; readonly report: Report }

/** The variable of the environment that brings the job, as JSON. */
export const variable = "BENCH_JOB"

export interface Assignment {
  readonly job: Job
  readonly sink: string
}
