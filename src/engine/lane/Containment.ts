/**
 * Contains the faults of a plugged writer or transport, so that the ledger stays right.
 *
 * **Details**
 *
 * A program's own writer may throw, die, hang, return a wrong value, or answer too late. Each fault becomes an outcome
 * that the lanes know: an event or a chunk that cannot be encoded has no encoding, and a request without a usable
 * outcome may or may not have arrived. Each kind of fault is logged once.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type { AgentWriterService, EncodedChunk } from "../../ports/AgentWriter.ts"
import type { DiagnosticsService } from "../../ports/Diagnostics.ts"
import type { EncodedEvent, IntakeWriterService } from "../../ports/IntakeWriter.ts"
import type { Outcome, TransportService } from "../../ports/Transport.ts"

/** The limits of a writer. */
export interface Options {
  readonly diagnostics: DiagnosticsService
  /** The deadline of one request. */
  readonly timeoutMillis: number
  /** The bytes of one request if the writer names no usable number. */
  readonly maxPayloadBytes: number
}

/** Contains an intake writer. */
export const intakeWriter = (writer: IntakeWriterService, options: Options): IntakeWriterService => {
  const fault = faults("IntakeWriter", options.diagnostics)
  return {
    maxPayloadBytes: limit(writer, options),
    encode: (record, account) => encoded(() => writer.encode(record, account), fault),
    send: (events, account) => sent(() => writer.send(events.map(original<EncodedEvent>), account), options, fault)
  }
}

/** Contains an agent writer. */
export const agentWriter = (writer: AgentWriterService, options: Options): AgentWriterService => {
  const fault = faults("AgentWriter", options.diagnostics)
  return {
    maxPayloadBytes: limit(writer, options),
    structBytes: (record) => {
      try {
        const bytes = writer.structBytes(record)
        if (typeof bytes === "number" && bytes >= 0) return bytes
        fault("structBytes", bytes)
      } catch (error) {
        fault("structBytes", error)
      }
      // The size is unknown, so the event counts as too large to ride and takes the other road.
      return Infinity
    },
    encode: (chunk) => encoded(() => writer.encode(chunk), fault),
    send: (chunks) => sent(() => writer.send(chunks.map(original<EncodedChunk>)), options, fault)
  }
}

/** Contains a transport. */
export const transport = (
  transport: TransportService,
  options: Pick<Options, "diagnostics">
): TransportService => {
  const fault = faults("Transport", options.diagnostics)
  return {
    send: (request) =>
      sent(() => transport.send(request), { timeoutMillis: graceFactor * request.timeoutMillis }, fault)
  }
}

/** The factor by which a writer's deadline exceeds that of a request, because a writer may make several requests. */
export const graceFactor = 3

type Fault = (member: string, what: unknown) => void

const faults = (port: string, diagnostics: DiagnosticsService): Fault => (member, what) =>
  diagnostics.warnOnce(
    `plugged:${port}.${member}`,
    `The ${port} that was provided failed in ${member} (${
      kind(what)
    }). LLMObs.ledger counts what becomes of its events.`
  )

const kind = (what: unknown): string => {
  try {
    return what instanceof Error ? String(what.name) : `it gave ${what === null ? "null" : typeof what}`
  } catch {
    return "an error that cannot be read"
  }
}

const limit = (writer: { readonly maxPayloadBytes: number }, { maxPayloadBytes }: Options): number => {
  try {
    const given = writer.maxPayloadBytes
    return Number.isFinite(given) && given > 0 ? given : maxPayloadBytes
  } catch {
    return maxPayloadBytes
  }
}

// The bytes are read once. The writer gets its own object back, with any other members.
interface Held<A> {
  readonly bytes: Uint8Array
  readonly given: A
}

const original = <A extends { readonly bytes: Uint8Array }>(held: A): A => (held as unknown as Held<A>).given

const encoded = <A extends { readonly bytes: Uint8Array }>(
  encode: () => A | undefined,
  fault: Fault
): A | undefined => {
  try {
    const given = encode()
    if (given === undefined) return undefined
    const bytes: unknown = given?.bytes
    if (bytes instanceof Uint8Array) return { bytes, given } satisfies Held<A> as unknown as A
    fault("encode", bytes)
  } catch (error) {
    fault("encode", error)
  }
  return undefined
}

// This fiber is separate, so that a request that cannot be interrupted delays nothing and may answer at any time.
const sent = (
  send: () => Effect.Effect<Outcome>,
  { timeoutMillis }: Pick<Options, "timeoutMillis">,
  fault: Fault
): Effect.Effect<Outcome> =>
  Effect.flatMap(Effect.forkDetach(Effect.suspend(() => asEffect(send()))), (fiber) => {
    const leave = () => {
      fiber.interruptUnsafe()
    }
    return Fiber.await(fiber).pipe(
      Effect.timeoutOption(timeoutMillis),
      Effect.onInterrupt(() => Effect.sync(leave)),
      Effect.map((exit): Outcome => {
        if (exit._tag === "None") {
          leave()
          return unknown("ETIMEDOUT")
        }
        if (exit.value._tag === "Failure") {
          fault("send", Cause.squash(exit.value.cause))
          return unknown("DEFECT")
        }
        const outcome = asOutcome(exit.value.value)
        if (outcome !== undefined) return outcome
        fault("send", exit.value.value)
        return unknown("INVALID")
      })
    )
  })

const asEffect = (given: unknown): Effect.Effect<unknown> =>
  Effect.isEffect(given) ? given as Effect.Effect<unknown> : Effect.succeed(given)

const unknown = (reason: string): Outcome => ({ _tag: "Failure", bytesWritten: true, reason })

const asOutcome = (given: unknown): Outcome | undefined => {
  try {
    const outcome = given as Outcome
    if (outcome._tag === "Failure") {
      return { _tag: "Failure", bytesWritten: outcome.bytesWritten !== false, reason: text(outcome.reason) }
    }
    if (outcome._tag !== "Answer" || !Number.isInteger(outcome.status)) return undefined
    return { _tag: "Answer", status: outcome.status, headers: headers(outcome.headers), body: text(outcome.body) }
  } catch {
    return undefined
  }
}

const text = (given: unknown): string => typeof given === "string" ? given : ""

const headers = (given: unknown): { readonly [name: string]: string } => {
  if (typeof given !== "object" || given === null) return {}
  return Object.fromEntries(Object.entries(given).filter(([, value]) => typeof value === "string"))
}
