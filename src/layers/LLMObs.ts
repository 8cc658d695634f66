/**
 * Datadog LLM Observability for Effect: spans, annotations, and the layer that delivers them.
 *
 * **Details**
 *
 * Instrumentation never appears in a program's requirements. Without a layer every function here opens a plain Effect
 * span or does nothing. With a layer, spans are recorded and delivered.
 *
 * **Example** (A model call inside a workflow)
 *
 * ```ts import.meta.vitest
 * import * as Effect from "effect/Effect"
 * import * as LLMObs from "effect-llmobs/LLMObs"
 *
 * const reply = Effect.succeed("It arrives tomorrow.").pipe(
 *   LLMObs.llm("chat", { model: "gpt-5", provider: "openai", input: "Where is my parcel?", output: (text) => text }),
 *   LLMObs.workflow("support", { sessionId: "s-1" })
 * )
 *
 * await Effect.runPromise(reply) // => "It arrives tomorrow."
 * ```
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { DevAgent as DevAgentService, DevAgentError } from "../adapters/devagent/DevAgent.ts"
import type { DevOptions } from "../composition/DevLayer.ts"
import type { Options } from "../composition/Options.ts"
import type { Ledger } from "../domain/delivery/Ledger.ts"
import type { SetAside } from "../domain/delivery/SetAside.ts"
import type { AnnotationInput } from "../domain/span/Annotation.ts"
import * as PairedSpan from "../engine/record/PairedSpan.ts"
import { Control } from "../ports/Control.ts"
import { SpanAnnotations } from "../ports/CurrentSpan.ts"
import type { FlushReport } from "../ports/Delivery.ts"
import { Delivery } from "../ports/Delivery.ts"
import { Recorder } from "../ports/Recorder.ts"
import type { Routing } from "../ports/Routing.ts"
import { CurrentRouting } from "../ports/Routing.ts"

export type * from "./Models.ts"
export * from "./Propagation.ts"
export * from "./Spans.ts"

/**
 * Adds to the running span. Invalid parts are left out and reported; the effect never fails.
 *
 * @category annotations
 * @since 0.1.0
 */
export const annotateCurrentSpan = (input: AnnotationInput): Effect.Effect<void> =>
  Effect.withFiberSucceed((fiber) => PairedSpan.annotateAround(fiber, input))

/**
 * Adds to every span that starts inside the effect, in this fiber and those forked from it. `input`, `output` and the
 * model are ignored, because they belong to one span.
 *
 * @category annotations
 * @since 0.1.0
 */
export const annotateSpans = (
  input: Omit<AnnotationInput, "input" | "output" | "model" | "provider">
): <A, E, R>(self: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R> =>
<A, E, R>(self: Effect.Effect<A, E, R>) =>
  Effect.withFiber((fiber): Effect.Effect<A, E, R> => {
    const recorder = fiber.getRef(Recorder)
    if (recorder === undefined) return self
    return Effect.provideService(self, SpanAnnotations, recorder.region(fiber.getRef(SpanAnnotations), input))
  })

/**
 * Sends the spans that start inside an effect, in this fiber and those forked from it, to another Datadog account, for
 * programs that record on behalf of several organisations. An omitted key or site is the layer's.
 *
 * **Details**
 *
 * An Agent sends everything to its own account. So events of another account never ride a trace and never go through an
 * Agent or a relay: they go directly to the intake of their site. Each account has its own queue and requests, so a
 * refused key delays no other account, and holds at most a quarter of `maxBytes`. A durable outbox identifies an
 * account by its site and a digest of its key, never by the key. Events that an ended process left are sent once the
 * program names the same key again.
 *
 * **Gotchas**
 *
 * The APM spans inside the effect stay in their trace, without the event. A site that is not on Datadog's list is
 * refused unless the layer allows unknown sites. The events of an unusable account are dropped as `refused` and can be
 * read by `setAside`. Make the value once for each account rather than for each call.
 *
 * **Example** (The account of a customer)
 *
 * ```ts import.meta.vitest
 * import * as LLMObs from "effect-llmobs/LLMObs"
 * import * as Effect from "effect/Effect"
 * import * as Redacted from "effect/Redacted"
 *
 * const account = { apiKey: Redacted.make("the key of the customer"), site: "datadoghq.eu" }
 * const reply = Effect.succeed("It arrives tomorrow.").pipe(LLMObs.llm("chat"), LLMObs.withRouting(account))
 *
 * await Effect.runPromise(reply) // => "It arrives tomorrow."
 * ```
 *
 * @category routing
 * @since 0.1.0
 */
export const withRouting = (routing: Routing): <A, E, R>(self: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R> =>
  Effect.provideService(CurrentRouting, routing)

/**
 * Sends waiting events, joins requests in flight, and returns the counts. It has a deadline and never fails.
 *
 * @category delivery
 * @since 0.1.0
 */
export const flush: Effect.Effect<FlushReport> = Effect.flatMap(Delivery, (delivery) => delivery.flush)

/**
 * Flushes when an effect ends, before its result is returned: for handlers whose process is frozen between requests,
 * such as serverless functions. The flush is cut off at `flushTimeout`.
 *
 * @category delivery
 * @since 0.1.0
 */
export const flushAfter = <A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.ensuring(self, Effect.asVoid(flush))

/**
 * The ledger of the current layer.
 *
 * @category delivery
 * @since 0.1.0
 */
export const ledger: Effect.Effect<Ledger> = Effect.flatMap(Delivery, (delivery) => delivery.ledger)

/**
 * The undeliverable events, oldest first: those that the intake refused for good, that are too large for a request, or
 * that could not be read from a durable outbox. They are counted as dropped and kept for inspection: the newest 1,000,
 * within 4 MiB of memory, or in the file of the durable outbox. They are content.
 *
 * @category delivery
 * @since 0.1.0
 */
export const setAside: Effect.Effect<ReadonlyArray<SetAside>> = Effect.flatMap(
  Delivery,
  (delivery) => delivery.setAside
)

/**
 * Switches recording off or on while the program runs. Running spans are recorded to their end. Spans that start while
 * it is off are plain Effect spans.
 *
 * @category delivery
 * @since 0.1.0
 */
export const setRecording = (on: boolean): Effect.Effect<void> =>
  Effect.map(Control, (control) => control.setRecording(on))

/**
 * Switches the writing of APM traces off or on while the program runs. While it is off every event goes to the intake.
 *
 * @category delivery
 * @since 0.1.0
 */
export const setTracing = (on: boolean): Effect.Effect<void> => Effect.map(Control, (control) => control.setTracing(on))

// The modules of a layer are loaded when it is built.
const loaded = <M, A, E>(load: () => Promise<M>, build: (module: M) => Layer.Layer<A, E>): Layer.Layer<A, E> =>
  Layer.unwrap(Effect.map(Effect.promise(load), build))

const orNothing = <A>(layer: Layer.Layer<A>): Layer.Layer<A> =>
  Layer.catchCause(layer, (cause) =>
    Layer.effectContext(Effect.as(
      Effect.logWarning(
        `effect-llmobs could not start (${reasonOf(Cause.squash(cause))}). The program runs without LLM Observability.`
      ),
      Context.empty() as Context.Context<A>
    )))

// The first line of an error of Node's or of ours, such as a module missing from a bundle.
const reasonOf = (error: unknown): string =>
  error instanceof Error
    ? `${error.name}: ${error.message.split("\n", 1)[0]!.slice(0, 200)}`
    : `a value of type ${typeof error} was thrown`

/**
 * Records and delivers the spans of the program it is provided to.
 *
 * **Details**
 *
 * Events ride the APM trace through the Agent. An event whose trace would be dropped goes to the LLM intake by itself.
 * The layer imports its modules when it is built, so building it is asynchronous. It never fails: an unreadable setting
 * logs a warning and takes its default. Closing it sends waiting events, for at most `flushTimeout`.
 *
 * **Gotchas**
 *
 * If the program already has a tracer, it stays. Then no APM spans are written here, and events go to the intake with
 * the ids of that tracer's spans.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (options: Options = {}): Layer.Layer<never> =>
  orNothing(loaded(() => import("../composition/LiveLayer.ts"), ({ make }) => make(options)))

/**
 * The same layer, with the `DD_*` variables read through the current `ConfigProvider`. Options win over variables.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerFromConfig = (options: Options = {}): Layer.Layer<never> =>
  orNothing(loaded(() => import("../composition/ConfigLayer.ts"), ({ make }) => make(options)))

/**
 * The embedded Agent: its address, and the requests that it received.
 *
 * @category services
 * @since 0.1.0
 */
export class DevAgent extends Context.Service<DevAgent, DevAgentService>()("effect-llmobs/DevAgent") {}

/**
 * Starts an Agent on this machine's loopback interface and delivers to it, to inspect what leaves the process, and for
 * tests. No data leaves that Agent.
 *
 * **Details**
 *
 * On a terminal each finished trace is printed as a tree; `print` decides otherwise. `agent.spans({ kind: "llm" })` gives
 * the events, typed.
 *
 * **Example** (The events of a test)
 *
 * ```ts import.meta.vitest
 * import * as Effect from "effect/Effect"
 * import * as LLMObs from "effect-llmobs/LLMObs"
 *
 * const test = Effect.gen(function*() {
 *   yield* Effect.succeed("Tomorrow.").pipe(LLMObs.llm("chat", { model: "gpt-5", input: "When?", capture: true }))
 *   yield* LLMObs.flush
 *   const [chat] = (yield* LLMObs.DevAgent).spans({ kind: "llm" })
 *   return [chat?.model, chat?.output.messages]
 * })
 *
 * await Effect.runPromise(test.pipe(Effect.provide(LLMObs.layerDev({ mlApp: "shop" })))) // => ["gpt-5", [{ content: "Tomorrow.", role: "assistant" }]]
 * ```
 *
 * @category layers
 * @since 0.1.0
 */
export const layerDev = (options: DevOptions = {}): Layer.Layer<DevAgent, DevAgentError> =>
  loaded(() => import("../composition/DevLayer.ts"), ({ make }) => make(DevAgent, options))
