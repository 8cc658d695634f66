/**
 * The port to new ids and random numbers.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"

/**
 * Makes ids. It is synchronous and never throws, because spans call it.
 *
 * @category models
 * @since 0.1.0
 */
export interface IdGeneratorService {
  /** A span id: 16 hex characters, never all zero. */
  readonly spanId: () => string
  /** A trace id: 32 hex characters, with the Unix seconds in the upper eight. */
  readonly traceId: (unixSeconds: number) => string
  /** A number in [0, 1), for back-off. */
  readonly random: () => number
}

/**
 * The generator of ids that a layer uses instead of its own, if the context in which it is built has one.
 *
 * @category services
 * @since 0.2.0
 */
export class IdGenerator extends Context.Service<IdGenerator, IdGeneratorService>()("effect-llmobs/IdGenerator") {}
