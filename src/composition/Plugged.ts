/**
 * The ports that a program provides to its layer, from the context in which the layer is built.
 *
 * **Details**
 *
 * Their contracts are not trusted: a fault is logged once, and the ledger stays right.
 */
import * as Context from "effect/Context"
import * as Option from "effect/Option"
import * as Containment from "../engine/lane/Containment.ts"
import type { AgentWriterService } from "../ports/AgentWriter.ts"
import { AgentWriter, defaultMaxPayloadBytes } from "../ports/AgentWriter.ts"
import type { DiagnosticsService } from "../ports/Diagnostics.ts"
import type { IdGeneratorService } from "../ports/IdGenerator.ts"
import { IdGenerator } from "../ports/IdGenerator.ts"
import type { IntakeWriterService } from "../ports/IntakeWriter.ts"
import { IntakeWriter } from "../ports/IntakeWriter.ts"
import type { TransportService } from "../ports/Transport.ts"
import { Transport } from "../ports/Transport.ts"
import type { Settings } from "./Settings.ts"

interface Ground {
  readonly context: Context.Context<never>
  readonly diagnostics: DiagnosticsService
}

const found = <I, S, A>({ context }: Ground, tag: Context.Service<I, S>, contain: (service: S) => A): A | undefined =>
  Option.getOrUndefined(Option.map(Context.getOption(context, tag), contain))

/** The agent writer of the layer's context, contained. */
export const agentWriter = (ground: Ground, settings: Settings): AgentWriterService | undefined =>
  found(ground, AgentWriter, (writer) =>
    Containment.agentWriter(writer, {
      diagnostics: ground.diagnostics,
      timeoutMillis: Containment.graceFactor * settings.requestTimeoutMillis,
      maxPayloadBytes: defaultMaxPayloadBytes
    }))

/** The intake writer of the layer's context, contained. */
export const intakeWriter = (ground: Ground, settings: Settings): IntakeWriterService | undefined =>
  found(ground, IntakeWriter, (writer) =>
    Containment.intakeWriter(writer, {
      diagnostics: ground.diagnostics,
      timeoutMillis: Containment.graceFactor * settings.requestTimeoutMillis,
      maxPayloadBytes: settings.maxPayloadBytes
    }))

/** Whether the layer's context has a transport. It may keep the bytes that it is given. */
export const hasTransport = ({ context }: Pick<Ground, "context">): boolean =>
  Option.isSome(Context.getOption(context, Transport))

/** The transport of the layer's context, contained. */
export const transport = (ground: Ground): TransportService | undefined =>
  found(ground, Transport, (transport) => Containment.transport(transport, ground))

/** The ids of the given generator. An invalid id is replaced by one of our own. */
export const ids = (ground: Ground, own: IdGeneratorService): IdGeneratorService | undefined =>
  found(ground, IdGenerator, (given) => ({
    spanId: () => checked(ground.diagnostics, () => given.spanId(), isSpanId) ?? own.spanId(),
    traceId: (seconds) => checked(ground.diagnostics, () => given.traceId(seconds), isTraceId) ?? own.traceId(seconds),
    random: () => checked(ground.diagnostics, () => given.random(), isShare) ?? own.random()
  }))

const isSpanId = (id: unknown): boolean => typeof id === "string" && /^(?!0{16})[0-9a-f]{16}$/.test(id)
const isTraceId = (id: unknown): boolean => typeof id === "string" && /^(?!0{32})[0-9a-f]{32}$/.test(id)
const isShare = (n: unknown): boolean => typeof n === "number" && n >= 0 && n < 1

const checked = <A>(diagnostics: DiagnosticsService, make: () => A, accepts: (made: A) => boolean): A | undefined => {
  try {
    const made = make()
    if (accepts(made)) return made
  } catch {
    // The warning below covers a generator that throws.
  }
  diagnostics.warnOnce(
    "plugged:IdGenerator",
    "The provided IdGenerator returned an invalid id. A random id is used."
  )
  return undefined
}
