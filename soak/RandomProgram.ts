/**
 * Random programs: spans by every call, inside one another, annotated, in regions, in streams, failing and interrupted.
 */
import * as LLMObs from "effect-llmobs/LLMObs"
import * as LLMObsStream from "effect-llmobs/LLMObsStream"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import type { Chance } from "./Chance.ts"
import * as Chances from "./Chance.ts"

/** The work of the programs of a round: how many spans they asked for, and how many steps were cut short. */
export interface Tally {
  asked: number
  cut: number
}

type Program = Effect.Effect<unknown, unknown>
type Region = (self: Program) => Program
type Kind = "llm" | "agent" | "workflow" | "task" | "tool" | "embedding" | "retrieval" | "experiment"

const kinds: ReadonlyArray<Kind> = ["llm", "agent", "workflow", "task", "tool", "embedding", "retrieval", "experiment"]
const deepest = 4

const words = ["parcel", "ünïcode", "\ud83d\ude00", "\ud800", "\u0000", "\u202e", "password=hunter2", "a,b:c"]

const text = (chance: Chance): string => {
  const length = chance.happens(0.02) ? 200_000 : chance.happens(0.2) ? 5_000 : chance.below(60)
  return chance.pick(words).repeat(1 + Math.floor(length / 8))
}

// Anything at all: programs without types give anything at all.
const anything = (chance: Chance, depth = 0): unknown => {
  const cyclic: Record<string, unknown> = {}
  cyclic["self"] = cyclic
  switch (chance.below(depth > 3 ? 8 : 11)) {
    case 0:
      return null
    case 1:
      return chance.next() * 1e9
    case 2:
      return Number.NaN
    case 3:
      return 10n
    case 4:
      return Symbol("s")
    case 5:
      return cyclic
    case 6:
      return undefined
    case 7:
      return {
        get broken() {
          throw new Error("no")
        }
      }
    case 8:
      return Array.from({ length: chance.below(5) }, () => anything(chance, depth + 1))
    case 9:
      return { [chance.pick(words)]: anything(chance, depth + 1), role: "user", content: text(chance), name: "n" }
    default:
      return text(chance)
  }
}

const annotation = (chance: Chance): LLMObs.AnnotationInput => {
  const all: { readonly [K in keyof LLMObs.AnnotationInput]?: () => unknown } = {
    input: () => anything(chance),
    output: () => anything(chance),
    metadata: () => ({ [text(chance).slice(0, 20)]: anything(chance) }),
    metrics: () => ({ inputTokens: chance.below(1_000), [chance.pick(words)]: chance.next() }),
    tags: () => ({ team: chance.pick(words), tier: anything(chance) }),
    costTags: () => ["team", "none"],
    toolDefinitions: () => anything(chance),
    manifest: () => ({ instructions: text(chance), tools: [{ name: "track" }, anything(chance)] }),
    prompt: () => ({ id: "p", template: text(chance), variables: { a: text(chance).slice(0, 50) } }),
    sessionId: () => `s-${chance.below(10)}`,
    userId: () => anything(chance),
    intent: () => text(chance)
  }
  const said: { [key: string]: unknown } = {}
  for (const key of Object.keys(all) as Array<keyof typeof all>) {
    if (chance.happens(0.25)) said[key] = all[key]!()
  }
  return said as LLMObs.AnnotationInput
}

const headers = (chance: Chance): { readonly [name: string]: string } => ({
  "x-datadog-trace-id": String(1 + chance.below(1e9)),
  "x-datadog-parent-id": String(1 + chance.below(1e9)),
  "x-datadog-sampling-priority": chance.pick(["-1", "0", "1", "2", "x"]),
  baggage: `session.id=s-${chance.below(10)},user.id=u,_ml_obs.experiment_id=e-${chance.below(3)}`,
  ...(chance.happens(0.5) ? { "sec-fetch-site": "same-origin" } : {})
})

/** The keys of the accounts that regions have. */
export const accounts = ["key-of-the-good-account-01234567", "key-of-the-other-account-0123456"]

/** Makes a program of a chance. `accounts`: whether regions may have one of their own. */
export const make = (options: {
  readonly seed: number
  readonly tally: Tally
  readonly withAccounts: boolean
}): Effect.Effect<unknown> => {
  const { tally, withAccounts } = options
  const chance = Chances.make(options.seed)

  const asked = (self: Program): Program =>
    Effect.suspend(() => {
      tally.asked++
      return self
    })

  const region = (): Region => {
    switch (chance.below(withAccounts ? 5 : 4)) {
      case 0:
        return LLMObs.annotateSpans(annotation(chance) as Parameters<typeof LLMObs.annotateSpans>[0])
      case 1:
        return LLMObs.withBaggage({ "session.id": text(chance), "_ml_obs.experiment_id": "e-1", team: "ops" })
      case 2:
        return LLMObs.extract(headers(chance))
      case 3:
        return (self) => self
      default:
        return LLMObs.withRouting({ apiKey: Redacted.make(chance.pick(accounts)), site: "datadoghq.com" })
    }
  }

  const span = (depth: number): Program => {
    const kind = chance.pick(kinds)
    const name = chance.happens(0.05) ? anything(chance) as string : `${kind} ${chance.below(20)}`
    const inner = body(depth + 1)
    switch (chance.below(5)) {
      case 0: {
        const at = chance.happens(0.2) ? BigInt(Date.now()) * 1_000_000n : undefined
        // Half of them are left open: the layer ends them when it closes.
        const ends = chance.happens(0.5)
        const said = annotation(chance)
        return asked(Effect.gen(function*() {
          const made = yield* LLMObs.makeSpan(kind, name, { at })
          yield* inner.pipe(LLMObs.withParentSpan(made))
          yield* LLMObs.annotateSpan(made, said)
          if (ends) yield* LLMObs.endSpan(made, { error: chance.happens(0.3) ? new Error("no") : undefined })
        }))
      }
      case 1: {
        const elements = Array.from({ length: chance.below(6) }, () => text(chance).slice(0, 200))
        const taken = chance.happens(0.3) ? 1 : 10
        return asked(
          Stream.fromIterable(elements).pipe(
            Stream.tap(() => inner),
            LLMObsStream[kind](name),
            Stream.take(taken),
            Stream.runDrain
          )
        )
      }
      case 2:
        return asked(Effect.scoped(
          Effect.flatMap(LLMObs.makeSpanScoped(kind, name), (made) => inner.pipe(LLMObs.withParentSpan(made)))
        ))
      default: {
        const said = annotation(chance)
        const output = chance.happens(0.5) ? (result: unknown) => result : undefined
        return asked(
          inner.pipe(LLMObs[kind](name, { ...said, ...(output === undefined ? {} : { output }) } as LLMObs.SpanOptions))
        )
      }
    }
  }

  const step = (depth: number): Program => {
    switch (chance.below(depth >= deepest ? 5 : 12)) {
      case 0:
        return Effect.sleep(chance.below(5))
      case 1:
        return LLMObs.annotateCurrentSpan(annotation(chance))
      case 2:
        return LLMObs.inject
      case 3:
        return Effect.fail(new Error(chance.pick(words)))
      case 4:
        return Effect.die(anything(chance))
      case 5:
        return Effect.withSpan(span(depth), "plain")
      case 6: {
        const inside = span(depth)
        const millis = chance.below(4)
        return Effect.suspend(() => {
          tally.cut++
          return Effect.timeoutOption(inside, millis)
        })
      }
      case 7: {
        const inside = span(depth)
        return Effect.flatMap(Effect.forkChild(Effect.exit(inside)), Fiber.join)
      }
      case 8: {
        const inside = span(depth)
        return Effect.flatMap(
          Effect.context<never>(),
          (context) => Effect.promise(() => Effect.runPromiseWith(context)(Effect.exit(inside)))
        )
      }
      case 9:
        return Effect.all([span(depth), span(depth)].map(Effect.exit), { concurrency: "unbounded" })
      default:
        return region()(span(depth))
    }
  }

  const body = (depth: number): Program => {
    const steps = Array.from({ length: 1 + chance.below(depth === 0 ? 4 : 3) }, () => Effect.exit(step(depth)))
    const result = anything(chance)
    const end: Program = chance.happens(0.1) ? Effect.failCause(Cause.die("end")) : Effect.succeed(result)
    return Effect.andThen(Effect.all(steps, { discard: true }), end)
  }

  return Effect.exit(body(0))
}
