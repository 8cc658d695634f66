/**
 * The work of a program, and its report.
 *
 * @since 0.2.0
 */
import type { DdTracer } from "../../src/adapters/dd-trace/DdTraceApi.ts"
import type { Options } from "../../src/composition/Options.ts"
import type { Ledger } from "../../src/domain/delivery/Ledger.ts"

/**
 * @category models
 * @since 0.2.0
 */
export interface Plan {
  /** The folder of `interop` that has the version of dd-trace. */
  readonly folder: string
  readonly work:
    | "requests"
    | "alone"
    | "values"
    | "failures"
    | "identities"
    | "baggage"
    | "open"
    | "parts"
    | "server"
    | "call"
    | "plain"
  /** The options of `tracer.init`. */
  readonly init?: { readonly [option: string]: unknown }
  readonly options?: Options
  /** Claims another version of dd-trace. */
  readonly version?: string
  /** Whether the program waits until the Agent is known. */
  readonly warm?: false
  /** Whether it flushes before it closes the layer. */
  readonly flush?: false
  /** The beginning of the names of diagnostics channels that the program is deaf to, as if they had other names. */
  readonly deafTo?: string
  /** Whether `tracer.init` is called. */
  readonly initialised?: false
  /** The headers of the request to the server. */
  readonly headers?: { readonly [name: string]: string }
}

/**
 * @category models
 * @since 0.2.0
 */
export interface Report {
  readonly seen: unknown
  readonly before: Ledger
  readonly after: Ledger
  readonly lines: ReadonlyArray<string>
}

/**
 * The parts of dd-trace that programs use, beside those that the library uses.
 *
 * @category models
 * @since 0.2.0
 */
export interface Tracer extends DdTracer {
  init(options: { readonly [option: string]: unknown }): unknown
  trace<A>(name: string, options: { readonly resource?: string; readonly type?: string }, body: (span: Span) => A): A
}

interface Span {
  context(): { toSpanId(): string }
  setBaggageItem(key: string, value: string): void
}
