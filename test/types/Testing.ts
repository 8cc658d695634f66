/**
 * Compiled and never run: what the layer and the expectations of a test require, give and refuse. A difference is an error
 * of `npm run check`.
 */
import type * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import type { Json } from "../../src/domain/json/JsonSnapshot.ts"
import type * as LLMObs from "../../src/layers/LLMObs.ts"
import * as Testing from "../../src/layers/Testing.ts"

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends (<T>() => T extends B ? 1 : 2) ? true : false

const has = <B>() => <A>(_value: A, ..._same: Equal<A, B> extends true ? [] : ["these types differ", A]): void => {}

/** Takes a value that exists only to be type-checked. */
const unused = (_value: unknown): void => {}

type Spans = ReadonlyArray<Testing.ObservedSpan>

declare const options: LLMObs.Options
declare const spans: Spans

export const check = (): void => {
  // The layer takes the options of a program, neither fails nor requires anything, and gives the service.
  has<Layer.Layer<Testing.Testing>>()(Testing.layer())
  has<Layer.Layer<Testing.Testing>>()(Testing.layer(options))
  // @ts-expect-error there is no such option
  Testing.layer({ mlapp: "shop" })

  // Whatever reads what was delivered requires the service, and does not fail.
  has<Effect.Effect<Spans, never, Testing.Testing>>()(Testing.events({ kind: "llm", name: /chat/ }))
  has<Effect.Effect<string, never, Testing.Testing>>()(Testing.tree)
  has<Effect.Effect<ReadonlyArray<Testing.SpanTree>, never, Testing.Testing>>()(Testing.traces)
  has<Effect.Effect<LLMObs.Ledger, never, Testing.Testing>>()(Testing.ledger)
  const { input, output, ...rest } = spans[0]!
  const json: { readonly [key: string]: Json | undefined } = { ...rest, ...input, ...output }
  unused(json)

  // An expectation is an effect that gives the spans, or fails; each method gives an expectation.
  const effect: Effect.Effect<Spans, Testing.ExpectationError, Testing.Testing> = Testing.expectLlm({ model: "gpt-5" })
    .under(Testing.workflow("support"))
    .withSession("s-1")
  unused(effect)
  has<Testing.Expectation>()(Testing.expectTool("track").childOf(Testing.agent(/^help/)).withInput({ id: 7 }).once())
  has<Spans>()(Testing.expectSpan().check(spans))
  has<Testing.SpanFilter>()(Testing.retrieval({ sessionId: null }))
  // @ts-expect-error the kind is said by the function
  void Testing.expectLlm({ kind: "tool" })
  // @ts-expect-error there is no such part
  void Testing.expectLlm({ session: "s-1" })
  // @ts-expect-error tokens are numbers
  void Testing.expectLlm().withMetrics({ inputTokens: "12" })
  // @ts-expect-error a time is not JSON
  void Testing.expectTask().withMetadata({ at: 1n })

  // Rules of the linter are completed, and unknown ones refused.
  has<Effect.Effect<void, Testing.ExpectationError, Testing.Testing>>()(
    Testing.expectNoFindings({ except: ["missing-session"] })
  )
  // @ts-expect-error there is no such rule
  void Testing.expectNoFindings({ except: ["no-session"] })
}
