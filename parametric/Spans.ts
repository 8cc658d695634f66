/**
 * Spans that a driver starts, changes and ends one command at a time.
 *
 * A span is kept with the context it runs in: what was extracted for it, and its baggage. Every command runs in there.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Tracer from "effect/Tracer"
import * as LLMObs from "../src/layers/LLMObs.ts"
import * as Body from "./Body.ts"

interface Held {
  readonly span: Tracer.Span
  readonly context: Context.Context<never>
}

interface Extracted {
  readonly upstream: LLMObs.Upstream | undefined
  readonly context: Context.Context<never>
}

type Pairs = ReadonlyArray<readonly [string, string]>

export interface Spans {
  readonly start: (options: {
    readonly name: string
    readonly parentId: string | undefined
    readonly attributes: Pairs
  }) => Effect.Effect<{ readonly spanId: string; readonly traceId: string }, Body.Malformed>
  readonly finish: (id: string) => Effect.Effect<void, Body.Malformed>
  readonly attribute: (id: string, key: string, value: unknown) => Effect.Effect<void, Body.Malformed>
  readonly link: (id: string, toId: string, attributes: Body.Body) => Effect.Effect<void, Body.Malformed>
  readonly inject: (id: string) => Effect.Effect<Pairs, Body.Malformed>
  readonly extract: (headers: Pairs) => Effect.Effect<string | undefined>
  readonly baggage: (id: string) => Effect.Effect<{ readonly [key: string]: string }, Body.Malformed>
  readonly changeBaggage: (
    id: string,
    changes: { readonly [key: string]: string | undefined }
  ) => Effect.Effect<void, Body.Malformed>
  readonly forget: () => void
}

const decimal = (hex: string): string => BigInt(`0x${hex}`).toString()

export const make = (): Spans => {
  const spans = new Map<string, Held>()
  const extracted = new Map<string, Extracted>()
  let madeUp = 2n ** 62n

  const held = (id: string): Effect.Effect<Held, Body.Malformed> => {
    const found = spans.get(id)
    return found === undefined
      ? new Body.Malformed({ message: `There is no span ${id}.` })
      : Effect.succeed(found)
  }

  const baggageOf = ({ context }: Held) => Effect.provideContext(LLMObs.baggage, context)

  const linked = (id: string): Effect.Effect<Tracer.AnySpan, Body.Malformed> => {
    const upstream = extracted.get(id)?.upstream
    if (upstream?.traceId === undefined || upstream.spanId === undefined) {
      return Effect.map(held(id), ({ span }) => span)
    }
    return Effect.succeed(Tracer.externalSpan({
      traceId: upstream.traceId,
      spanId: upstream.spanId,
      sampled: upstream.sampled
    }))
  }

  return {
    start: ({ attributes, name, parentId }) =>
      Effect.gen(function*() {
        const from = parentId === undefined ? undefined : extracted.get(parentId)
        const parent = parentId === undefined || from !== undefined ? undefined : yield* held(parentId)
        const context = from?.context ?? parent?.context ?? Context.empty()
        const span = yield* Effect.provideContext(
          Effect.makeSpan(name, parent === undefined ? {} : { parent: parent.span }),
          context
        )
        for (const [key, value] of attributes) span.attribute(key, value)
        const spanId = decimal(span.spanId)
        spans.set(spanId, { span, context })
        return { spanId, traceId: decimal(span.traceId) }
      }),
    finish: (id) =>
      Effect.flatMap(held(id), ({ span }) => Effect.map(Clock.currentTimeNanos, (now) => span.end(now, Exit.void))),
    attribute: (id, key, value) => Effect.map(held(id), ({ span }) => span.attribute(key, value)),
    link: (id, toId, attributes) =>
      Effect.flatMap(
        held(id),
        (from) => Effect.map(linked(toId), (to) => from.span.addLinks([{ span: to, attributes }]))
      ),
    inject: (id) =>
      Effect.flatMap(held(id), ({ context, span }) =>
        LLMObs.inject.pipe(
          Effect.map(Object.entries),
          Effect.provideService(Tracer.ParentSpan, span),
          Effect.provideContext(context)
        )),
    extract: (headers) =>
      Effect.gen(function*() {
        const upstream = Option.getOrUndefined(yield* LLMObs.upstream)
        if (upstream === undefined) return undefined
        const id = upstream.spanId === undefined ? (madeUp++).toString() : decimal(upstream.spanId)
        extracted.set(id, { upstream, context: yield* Effect.context<never>() })
        return id
      }).pipe(LLMObs.extract(headers)),
    baggage: (id) => Effect.flatMap(held(id), baggageOf),
    changeBaggage: (id, changes) =>
      Effect.flatMap(held(id), ({ context, span }) =>
        Effect.context<never>().pipe(
          LLMObs.withBaggage(changes),
          Effect.provideContext(context),
          Effect.map((changed) => void spans.set(id, { span, context: changed }))
        )),
    forget: () => {
      spans.clear()
      extracted.clear()
    }
  }
}
