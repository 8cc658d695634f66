/**
 * The layer that delivers to memory: the whole library, with two writers that keep the delivered spans.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as References from "effect/References"
import type { ObservedSpan } from "../domain/observed/ObservedSpan.ts"
import type { Problem } from "../domain/Problem.ts"
import { AgentWriter } from "../ports/AgentWriter.ts"
import type { DeliveryService } from "../ports/Delivery.ts"
import { Delivery } from "../ports/Delivery.ts"
import type { IdGeneratorService } from "../ports/IdGenerator.ts"
import { IdGenerator } from "../ports/IdGenerator.ts"
import { IntakeWriter } from "../ports/IntakeWriter.ts"
import * as LiveLayer from "./LiveLayer.ts"
import * as MemoryWriters from "./MemoryWriters.ts"
import type { Options } from "./Options.ts"

/** The delivered spans, in the order of arrival, and the problems of annotations. */
export interface Kept {
  readonly spans: Array<ObservedSpan>
  readonly problems: Array<Problem>
}

/** Ids that count from one, so that a program delivers the same ids in each run. */
const countedIds = (): IdGeneratorService => {
  let spans = 0
  let traces = 0
  return {
    spanId: () => (++spans).toString(16).padStart(16, "0"),
    traceId: () => (++traces).toString(16).padStart(32, "0"),
    random: () => 0.5
  }
}

const defaults: Options = { mlApp: "test", service: "test" }

/** The layer, with the service that `make` returns for the kept spans. */
export const make = <I, S>(
  tag: Context.Key<I, S>,
  options: Options,
  service: (kept: Kept, delivery: DeliveryService) => S
): Layer.Layer<I> =>
  Layer.effectContext(Effect.gen(function*() {
    const kept: Kept = { spans: [], problems: [] }
    // At the usual level every test would log that its layer started.
    const level = yield* References.MinimumLogLevel
    const ids = Option.getOrElse(yield* Effect.serviceOption(IdGenerator), countedIds)
    const keep: MemoryWriters.Keep = (span) => {
      kept.spans.push(span)
    }
    const ports = Context.make(AgentWriter, MemoryWriters.agentWriter(keep)).pipe(
      Context.add(IntakeWriter, MemoryWriters.intakeWriter(keep)),
      Context.add(IdGenerator, ids),
      Context.add(References.MinimumLogLevel, level === "Info" ? "Warn" : level)
    )
    const live = LiveLayer.make({
      ...defaults,
      ...options,
      durable: undefined,
      onProblem: (problem) => {
        kept.problems.push(problem)
        options.onProblem?.(problem)
      }
    })
    const context = yield* Layer.build(Layer.provide(live, Layer.succeedContext(ports)))
    return Context.add(context, tag, service(kept, Context.get(context, Delivery)))
  }))
