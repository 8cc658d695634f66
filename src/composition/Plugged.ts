/**
 * The ports that a program gives to its layer, taken from the context that the layer is built in.
 *
 * **Details**
 *
 * None of them is trusted to keep its contract: a fault in one is said once, and changes nothing in the books.
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

/** The agent writer of the context that the layer is built in, contained. */
export const agentWriter = (ground: Ground, settings: Settings): AgentWriterService | undefined =>
  found(ground, AgentWriter, (writer) =>
    Containment.agentWriter(writer, {
      diagnostics: ground.diagnostics,
      timeoutMillis: Containment.graceFactor * settings.requestTimeoutMillis,
      maxPayloadBytes: defaultMaxPayloadBytes
    }))

/** The intake writer of the context that the layer is built in, contained. */
export const intakeWriter = (ground: Ground, settings: Settings): IntakeWriterService | undefined =>
  found(ground, IntakeWriter, (writer) =>
    Containment.intakeWriter(writer, {
      diagnostics: ground.diagnostics,
      timeoutMillis: Containment.graceFactor * settings.requestTimeoutMillis,
      maxPayloadBytes: settings.maxPayloadBytes
    }))

/** The transport of the context that the layer is built in, contained. */
export const transport = (ground: Ground): TransportService | undefined =>
  found(ground, Transport, (transport) => Containment.transport(transport, ground))

/** Ids of the given generator, and of our own where what it gives is none. */
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
    // What is said below covers it.
  }
  diagnostics.warnOnce(
    "plugged:IdGenerator",
    "The IdGenerator that was provided gave no usable id. Another one is used."
  )
  return undefined
}
