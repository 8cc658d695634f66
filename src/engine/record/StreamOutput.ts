/**
 * The output of a span around a stream, made from the elements while they pass.
 */
import * as JsonSnapshot from "../../domain/json/JsonSnapshot.ts"
import * as JsonText from "../../domain/json/JsonText.ts"
import * as Problem from "../../domain/Problem.ts"
import * as Promised from "../../domain/Promised.ts"
import * as StreamJoin from "../../domain/provider/StreamJoin.ts"
import type { SpanKind } from "../../domain/span/SpanKind.ts"
import * as Capture from "./Capture.ts"
import * as OptionReader from "./OptionReader.ts"

/** The bounds of what is kept. Left out, `defaultLimit` holds. */
export interface Limit {
  readonly parts?: number | undefined
  readonly bytes?: number | undefined
}

/** The options from which an output is made, as a user writes them. */
export interface Options {
  readonly accumulate?: unknown
  readonly output?: unknown
  readonly accumulateLimit?: Limit | undefined
  readonly capture?: Capture.CaptureInput | undefined
}

/** How the output of every run of a stream is made. */
export interface Plan {
  /** Whether the user asked for this output: if not, one that is annotated inside the stream wins. */
  readonly asked: boolean
  readonly start: (report: OptionReader.Report) => StreamOutput
}

/** The output of one run. */
export interface StreamOutput {
  readonly add: (elements: ReadonlyArray<unknown>) => void
  /** The output so far; `undefined` for none. */
  readonly end: () => unknown
}

/** The bounds of the parts that `accumulate` gives: their number, and the bytes of their JSON text. */
export const defaultLimit = { parts: 100_000, bytes: 1_000_000 } as const

/** Reads the options of a stream's span; `undefined` if no output is made from its elements. */
export const plan = (kind: SpanKind, options: Options | undefined): Plan | undefined => {
  const accumulate = read(options, "accumulate")
  const output = read(options, "output")
  const given = read(options, "accumulateLimit")
  const limit: Limit = { parts: read(given, "parts"), bytes: read(given, "bytes") }
  const toOutput = typeof output === "function" ? output as (parts: ReadonlyArray<unknown>) => unknown : undefined
  if (typeof accumulate === "function") {
    const keep = accumulate as (element: unknown) => unknown
    return { asked: true, start: (report) => kept({ keep, toOutput, limit, kind, report }) }
  }
  if (toOutput !== undefined) {
    return {
      asked: true,
      start: (report) => kept({ keep: undefined, toOutput, limit, kind, report })
    }
  }
  if (output !== undefined || !Capture.read(options, kind === "llm").output) return undefined
  return {
    asked: false,
    start: (report) =>
      kind === "llm"
        ? joined(limit, report)
        : kept({ keep: (element) => element, toOutput: undefined, limit, kind, report })
  }
}

const read = <A, K extends keyof A & string>(from: A | undefined, key: K): A[K] | undefined =>
  OptionReader.read(from, key, OptionReader.ignore)

const tooMuch = Problem.make(
  "value_too_large",
  "A stream had more output than accumulateLimit allows. The rest is not recorded; raise the limit, or keep less of each element.",
  "output"
)

const threw = Problem.make(
  "unreadable_value",
  "A function given to accumulate the output of a stream threw. Its result is left out.",
  "output"
)

const promised = Problem.make(
  "unreadable_value",
  "A function given to accumulate the output of a stream gave a promise. Give plain values: what it stands for is left out.",
  "output"
)

const unknownChunks = Problem.make(
  "unknown_shape",
  "The elements of an llm stream are neither texts nor chunks of a known provider, so the span has no output. Give `accumulate`, or `capture: { output: false }` for none.",
  "output"
)

interface Keeping {
  /** Left out, elements are kept as they are, for a function that wants them so. */
  readonly keep: ((element: unknown) => unknown) | undefined
  readonly toOutput: ((parts: ReadonlyArray<unknown>) => unknown) | undefined
  readonly limit: Limit
  readonly kind: SpanKind
  readonly report: OptionReader.Report
}

const kept = ({ keep, kind, limit, report, toOutput }: Keeping): StreamOutput => {
  const all: Array<unknown> = []
  let parts = limit.parts ?? defaultLimit.parts
  let bytes = limit.bytes ?? defaultLimit.bytes
  let full = false
  const guarded = <A>(f: () => A): A | undefined => {
    try {
      const value = f()
      if (!Promised.take(value)) return value
      report([promised])
      return undefined
    } catch {
      report([threw])
      return undefined
    }
  }
  const add = (element: unknown): void => {
    const part = keep === undefined ? element : guarded(() => keep(element))
    if (part === undefined) return
    // An element that is used again for the next one must not change what was kept of it.
    const copy = typeof part === "string" ? part : JsonSnapshot.take(part, JsonSnapshot.defaultLimits, "output").value
    if (copy === undefined && keep !== undefined) return
    bytes -= JsonText.byteLength(copy)
    parts -= 1
    if (bytes < 0 || parts < 0) {
      full = true
      report([tooMuch])
    } else all.push(keep === undefined ? element : copy)
  }
  return {
    add: (elements) => {
      for (let i = 0; i < elements.length && !full; i++) add(elements[i])
    },
    end: () => {
      if (toOutput !== undefined) return guarded(() => toOutput(all))
      if (all.length === 0) return undefined
      if (!all.every((part) => typeof part === "string")) return all
      const text = all.join("")
      return kind === "llm" ? [{ role: "assistant", content: text }] : text
    }
  }
}

const joined = (limit: Limit, report: OptionReader.Report): StreamOutput => {
  const join = StreamJoin.make(limit.bytes === undefined ? undefined : limit.bytes / 6)
  const texts = kept({ keep: (text) => text, toOutput: undefined, limit, kind: "llm", report })
  let left = limit.parts ?? defaultLimit.parts
  let unknown = false
  let full = false
  const add = (element: unknown): void => {
    if (typeof element === "string") return texts.add([element])
    const taken = left > 0 && join.add(element)
    left -= 1
    if (taken) return
    full = left < 0 || join.isFull()
    if (full) report([tooMuch])
    else unknown = true
  }
  return {
    add: (elements) => {
      for (let i = 0; i < elements.length && !full; i++) add(elements[i])
    },
    end: () => {
      const output = join.end() ?? texts.end()
      if (output === undefined && unknown) report([unknownChunks])
      return output
    }
  }
}
