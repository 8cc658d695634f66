/** The workloads: which libraries run them, in which cases, and how often. */
import type { Job } from "./Job.ts"
import type { LibraryName } from "./Library.ts"
import { libraries } from "./Library.ts"
import * as Shape from "./Shape.ts"

/** One column of a workload: its title, and the job without its library. */
export interface Case {
  readonly title: string
  readonly job: Omit<Job, "library">
  readonly libraries: ReadonlyArray<LibraryName>
  readonly repetitions: number
}

/** The number of a cell of a table with a column for each case. */
export type Cell = "lost" | "thread" | "turn" | "delay"

export interface Workload {
  readonly title: string
  readonly about: string
  /** `costs`: a table for each case, with all that is known of each library. Otherwise one table, a column for each case. */
  readonly view: "costs" | "start" | Cell
  readonly cases: ReadonlyArray<Case>
}

export const names = ["W1", "W2", "W3", "W4", "W5", "W6", "W7", "W8", "W9"] as const
export type WorkloadName = (typeof names)[number]

const everyone = Object.keys(libraries) as ReadonlyArray<LibraryName>
const ours = everyone.filter((name) => name.startsWith("effect-"))
const quick: ReadonlyArray<LibraryName> = [
  "effect-riding",
  "effect-rescued",
  "embedded",
  "dd-trace",
  "otel-json",
  "floor-post"
]
const growing: ReadonlyArray<LibraryName> = ["effect-riding", "effect-rescued", "dd-trace", "otel-json"]
const delivering: ReadonlyArray<LibraryName> = [
  "effect-riding",
  "effect-rescued",
  "effect-fiber",
  "effect-sync",
  "dd-trace",
  "otel-json",
  "langfuse",
  "floor-post"
]
const blocking: ReadonlyArray<LibraryName> = [
  "effect-riding",
  "effect-rescued",
  "embedded",
  "dd-trace",
  "otel-json",
  "floor-post"
]

/** The title of the case in which each library runs as it is set up by default. */
export const onDefaults = "on defaults"
/** The title of the case in which every library is told to flush. */
export const flushed = "flushed every 500 spans"

const nested: Shape.Shape = { ...Shape.single, characters: 86, tree: "nested", spansPerTrace: 5 }

// Ours runs on its defaults where it is compared; the defaults of the others matter once.
const costs = (
  shape: Shape.Shape,
  spans: number,
  repetitions: number,
  defaults: ReadonlyArray<LibraryName>
): ReadonlyArray<Case> => {
  const job = { shape, pace: { _tag: "Turns", spans, spansPerTurn: 500 }, warmUp: 2_000, watchesTurns: false } as const
  return [
    { title: flushed, libraries: everyone, repetitions, job: { ...job, flush: "each turn" } },
    { title: onDefaults, libraries: defaults, repetitions, job: { ...job, flush: "own" } }
  ]
}

const burst = (title: string, spans: number, spansPerTurn: number): Case => ({
  title,
  libraries: delivering,
  repetitions: 2,
  job: {
    shape: Shape.single,
    pace: { _tag: "Turns", spans, spansPerTurn },
    flush: "own",
    warmUp: 500,
    watchesTurns: false
  }
})

const rate = (perSecond: number, seconds: number): Case => ({
  title: `${perSecond.toLocaleString("en")} spans/s`,
  libraries: ["effect-riding", "effect-rescued", "dd-trace", "otel-json", "floor-post"],
  repetitions: 1,
  job: {
    shape: Shape.single,
    pace: { _tag: "Rate", perSecond, seconds },
    flush: "own",
    warmUp: 500,
    watchesTurns: false
  }
})

const watched = (title: string, shape: Shape.Shape, perSecond: number, seconds: number): Case => ({
  title,
  libraries: blocking,
  repetitions: 1,
  job: {
    shape,
    pace: { _tag: "Rate", perSecond, seconds },
    flush: "own",
    // At least a few spans: a first turn with code that has not run yet is the longest.
    warmUp: Math.max(8, Math.min(500, Math.floor(2_000_000 / shape.characters))),
    watchesTurns: true
  }
})

// A measurement of about 40 MB of text, of at least eight spans and at most 2,000.
const grown = (title: string, shape: Shape.Shape): Case => {
  const perSpan = shape.characters * 2 * (shape.script === "cjk" ? 3 : 1) + shape.annotations * 2_000
  const most = Math.max(2_000, shape.spansPerTrace)
  const spans = Math.max(8, Math.min(most, Math.floor(40_000_000 / perSpan)))
  const spansPerTurn = Math.max(1, Math.min(500, Math.floor(2_000_000 / perSpan)))
  return {
    title,
    libraries: growing,
    repetitions: 1,
    job: {
      shape,
      pace: { _tag: "Turns", spans, spansPerTurn },
      flush: "each turn",
      warmUp: Math.max(2, Math.min(100, Math.floor(4_000_000 / perSpan))),
      watchesTurns: false
    }
  }
}

const small: Shape.Shape = { ...Shape.single, characters: 200 }

const growth: ReadonlyArray<Case> = [
  ...[1, 10, 100, 1_000, 10_000].map((spansPerTrace) =>
    grown(`${spansPerTrace.toLocaleString("en")} spans a trace`, {
      ...small,
      tree: spansPerTrace === 1 ? "single" : "wide",
      spansPerTrace
    })
  ),
  ...[1, 100, 1_000, 8_000].map((traces): Case => ({
    title: `${traces.toLocaleString("en")} concurrent traces`,
    libraries: growing,
    repetitions: 1,
    job: {
      shape: { ...small, tree: "nested", spansPerTrace: 5 },
      pace: { _tag: "Together", traces, rounds: Math.max(1, Math.floor(1_000 / traces)) },
      flush: "each turn",
      warmUp: 100,
      watchesTurns: false
    }
  })),
  ...(["ascii", "cjk"] as const).flatMap((script) =>
    [100, 1_000, 10_000, 100_000, 2_000_000].map((characters) =>
      grown(
        `${characters.toLocaleString("en")} characters, ${script === "ascii" ? "ASCII" : "CJK"}`,
        { ...Shape.single, script, characters }
      )
    )
  ),
  ...[1, 50, 200].map((attributes) => grown(`${attributes} attributes`, { ...small, attributes })),
  ...[1, 30, 300, 3_000].map((annotations) =>
    grown(`${annotations.toLocaleString("en")} annotations`, { ...small, annotations })
  )
]

const large: Shape.Shape = { ...Shape.single, characters: 1_000_000 }

/** All workloads but W8, whose numbers are those of the processes of W1 and W4. */
export const workloads: { readonly [W in Exclude<WorkloadName, "W8">]: Workload } = {
  W1: {
    title: "An llm span of 2 × 2 KB",
    about: "Llm spans with an input and an output of 2 KB of ASCII, given by two annotations, and token counts.",
    view: "costs",
    cases: costs(Shape.single, 20_000, 4, everyone)
  },
  W2: {
    title: "2 % beyond ASCII",
    about: "Spans as in W1, in whose texts one character of 50 is an accented letter, a curved quote or a dash.",
    view: "costs",
    cases: costs({ ...Shape.single, script: "accented" }, 10_000, 3, ours)
  },
  W3: {
    title: "Five nested small spans",
    about: "Traces of five spans, one inside the other, with texts of 86 characters. A cost is that of one span.",
    view: "costs",
    cases: costs(nested, 20_000, 3, ours)
  },
  W4: {
    title: "Bursts",
    about:
      "Spans of W1 as fast as possible, without a flush. Lost are those that never arrive. Where one fiber makes them, Effect's scheduler lets the event loop turn in between; `runSync` does not.",
    view: "lost",
    cases: [burst("10,000 at once", 10_000, 10_000), burst("20,000, a turn every 500", 20_000, 500)]
  },
  W5: {
    title: "Steady load",
    about: "Spans of W1 for ten seconds, without a flush.",
    view: "lost",
    cases: [rate(2_000, 10), rate(5_000, 10)]
  },
  W6: {
    title: "The longest turns of the event loop",
    about:
      "While spans come one by one or a few at a time: milliseconds of which 99 % of the turns take less, and those of the longest turn. Turns of less than half a millisecond do not count, nor do garbage collection and the time in which the thread waits for a processor. The program makes its spans in the same turns, so compare with the floor.",
    view: "turn",
    cases: [
      watched("500 spans/s of 2 × 2 KB", Shape.single, 500, 4),
      watched("5,000 spans/s of 2 × 2 KB", Shape.single, 5_000, 4),
      watched("4 spans/s of 2 × 1 MB, ASCII", large, 4, 3),
      watched("4 spans/s of 2 × 1 MB, CJK", { ...large, script: "cjk", characters: 333_000 }, 4, 3)
    ]
  },
  W7: {
    title: "Start",
    about: "A fresh process imports the library, starts it and makes one span.",
    view: "start",
    cases: [{
      title: "start",
      libraries: everyone,
      repetitions: 3,
      job: { shape: Shape.single, pace: { _tag: "Start" }, flush: "own", warmUp: 0, watchesTurns: false }
    }]
  },
  W9: {
    title: "Growth",
    about: "Microseconds of the thread for a span, as one dimension grows.",
    view: "thread",
    cases: growth
  }
}

/** The same workload in two minutes: W1 to W3, six libraries, three repetitions, each library as it delivers everything. */
export const shortened = (workload: Workload): Workload => ({
  ...workload,
  cases: workload.cases.map((one) => ({
    ...one,
    libraries: quick.filter((name) => name.startsWith("effect-") === (one.title === onDefaults)),
    repetitions: 3,
    job: { ...one.job, pace: { _tag: "Turns", spans: 6_000, spansPerTurn: 500 }, warmUp: 2_000 }
  }))
})
