/**
 * Laws for a tracer of one's own that embeds `effect-llmobs/core`.
 *
 * @since 0.2.0
 */
import type { Embedder, EmbedderLawName } from "../ports/Embedder.ts"
import { embedderLaws } from "../ports/Embedder.ts"

export {
  /**
   * The laws of an embedder, each with the sentence that it proves.
   *
   * @category embedders
   * @since 0.2.0
   */
  embedderLaws
}

export type {
  /**
   * A tracer in the hands of a law.
   *
   * @category embedders
   * @since 0.2.0
   */
  EmbeddedTracer,
  /**
   * Starts a tracer.
   *
   * @category embedders
   * @since 0.2.0
   */
  Embedder,
  /**
   * Headers by lower-case name.
   *
   * @category embedders
   * @since 0.2.0
   */
  EmbedderHeaders,
  /**
   * The name of a law.
   *
   * @category embedders
   * @since 0.2.0
   */
  EmbedderLawName,
  /**
   * The surroundings of a tracer.
   *
   * @category embedders
   * @since 0.2.0
   */
  EmbedderWorld,
  /**
   * A span that a law wants.
   *
   * @category embedders
   * @since 0.2.0
   */
  PlannedSpan
} from "../ports/Embedder.ts"

/**
 * Proves one law for an embedder. The promise fails with what was seen, and what should have been.
 *
 * **When to use**
 *
 * Use it in the tests of a tracer, one test for each of {@link embedderLaws}. It needs no test runner, no network and no
 * Effect in the tracer. The Agent of a law is in memory, and as strict as the real one.
 *
 * **Example** (Every law as a test)
 *
 * ```ts
 * for (const [law, sentence] of Object.entries(Testing.embedderLaws)) {
 *   it(sentence, () => Testing.checkEmbedderLaw(law, embedder))
 * }
 * ```
 *
 * @category embedders
 * @since 0.2.0
 */
export const checkEmbedderLaw = (law: string, embedder: Embedder): Promise<void> =>
  import("../composition/EmbedderChecks.ts").then(({ checks }) => {
    if (!Object.hasOwn(embedderLaws, law)) throw new Error(`There is no law ${law}.`)
    return checks[law as EmbedderLawName](embedder)
  })
