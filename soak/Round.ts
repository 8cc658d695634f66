/**
 * One round: random programs under a layer with random options, while its Agent, its network and its clock misbehave, and
 * the laws that must hold at any instant and at the end.
 */
import * as LLMObs from "effect-llmobs/LLMObs"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import * as Fs from "node:fs"
import * as Os from "node:os"
import * as Path from "node:path"
import * as FaultProxy from "../faults/FaultProxy.ts"
import * as JumpingClock from "../faults/JumpingClock.ts"
import * as Programs from "../faults/Programs.ts"
import { settle } from "../faults/Row.ts"
import * as DevAgents from "../src/adapters/devagent/DevAgent.ts"
import * as Ledgers from "../src/domain/delivery/Ledger.ts"
import { Delivery } from "../src/ports/Delivery.ts"
import type { Chance } from "./Chance.ts"
import * as Chances from "./Chance.ts"
import * as RandomProgram from "./RandomProgram.ts"

/** A finding of a round. Each check has a name; its text says why it failed. */
export interface Found {
  readonly what: string
  readonly asked: number
  readonly arrived: number
  /** The reasons for which events were dropped, with their numbers. */
  readonly dropped: string
  readonly checks: ReadonlyArray<readonly [name: string, problem: string | undefined]>
}

const apiKey = "0123456789abcdef0123456789abcdef"

interface World {
  readonly direct: boolean
  readonly durable: string | undefined
  /** Whether everything works again before the layer closes. */
  readonly heals: boolean
  readonly programs: number
  readonly options: LLMObs.Options
}

const world = (chance: Chance, proxy: FaultProxy.FaultProxy, directory: string): World => {
  const direct = chance.happens(0.4)
  const durable = chance.happens(0.4) ? directory : undefined
  return {
    direct,
    durable,
    heals: chance.happens(0.6),
    programs: 20 + chance.below(100),
    options: {
      mlApp: "soak",
      apm: chance.pick(["llm", "all", "off"]),
      overflow: chance.pick(["dropNewest", "dropOldest", "backpressure"]),
      flushInterval: chance.pick(["5 millis", "50 millis", "1 hour"]),
      flushTimeout: chance.pick(["200 millis", "2 seconds"]),
      contentCapture: chance.pick(["all", "all", "none"]),
      ...(chance.happens(0.3) ? { maxBytes: 200_000 } : {}),
      ...(chance.happens(0.3) ? { partialFlushMinSpans: 3 } : {}),
      ...(chance.happens(0.2) ? { processors: [hostileRule] } : {}),
      ...(durable === undefined ? {} : { durable: { directory: durable } }),
      ...(direct
        ? { agentless: true, apiKey: Redacted.make(apiKey), site: "datadoghq.eu", overrideOrigin: proxy.url }
        : { agentUrl: proxy.url })
    }
  }
}

let asked = 0
const hostileRule: NonNullable<LLMObs.Options["processors"]>[number] = (span) => {
  if (++asked % 7 === 0) throw new Error("no")
  return asked % 11 === 0 ? undefined : span
}

const behaviour = (chance: Chance): FaultProxy.Behaviour =>
  chance.pick<() => FaultProxy.Behaviour>([
    () => ({ _tag: "pass" }),
    () => ({ _tag: "pass" }),
    () => ({ _tag: "hang" }),
    () => ({ _tag: "loseAnswer" }),
    () => ({ _tag: "reset", bytes: 1 + chance.below(100_000) }),
    () => ({ _tag: "slow", millis: chance.below(20) }),
    () => ({ _tag: "garbage", delivered: chance.happens(0.5) })
  ])()

const statuses = [200, 202, 400, 401, 403, 404, 408, 413, 422, 429, 500, 502, 503, 504]

/** Changes the Agent, the network and the clock, one after the other, until it is interrupted. */
const misbehave = (
  chance: Chance,
  agent: DevAgents.DevAgent,
  proxy: FaultProxy.FaultProxy,
  jump: (millis: number) => void
): Effect.Effect<never> =>
  Effect.forever(Effect.suspend((): Effect.Effect<void> => {
    const pause = Effect.sleep(chance.below(60))
    switch (chance.below(7)) {
      case 0:
        return Effect.andThen(proxy.down, Effect.andThen(pause, proxy.up))
      case 1: {
        const status = chance.pick(statuses)
        // Only these answers leave open whether the events were taken.
        const delivers = (status === 502 || status === 504) && chance.happens(0.5)
        agent.configure({ evpStatus: [status, 202], deliverRefused: delivers })
        return pause
      }
      case 2:
        agent.configure({ tracesStatus: [chance.pick(statuses), 200], deliverRefused: false })
        return pause
      case 3:
        jump(chance.pick([-3_600_000, 3_600_000, 25 * 3_600_000, 0]))
        return pause
      default:
        proxy.behave(behaviour(chance))
        return pause
    }
  }))

const heal = (agent: DevAgents.DevAgent, proxy: FaultProxy.FaultProxy): void => {
  agent.configure({ evpStatus: 202, tracesStatus: 200, deliverRefused: false })
  proxy.behave({ _tag: "pass" })
}

/** Runs a body in a layer, and gives the books after it has closed. */
const inLayer = (
  options: LLMObs.Options,
  body: Effect.Effect<unknown, never, Scope.Scope>,
  clock: Clock.Clock
): Effect.Effect<Ledgers.Ledger> =>
  Effect.suspend(() => {
    let books = LLMObs.ledger
    return Effect.gen(function*() {
      books = (yield* Delivery).ledger
      yield* body
    }).pipe(
      Effect.scoped,
      Effect.provide(LLMObs.layer(options)),
      Effect.andThen(Effect.suspend(() => books)),
      Effect.provide(Logger.layer([])),
      Effect.provideService(Clock.Clock, clock)
    )
  })

const again = (account: string): Effect.Effect<void> =>
  Effect.void.pipe(
    LLMObs.task("again"),
    LLMObs.withRouting({ apiKey: Redacted.make(account), site: "datadoghq.com" })
  )

const folder: Effect.Effect<string, never, Scope.Scope> = Effect.acquireRelease(
  Effect.sync(() => Fs.mkdtempSync(Path.join(Os.tmpdir(), "soak-"))),
  (path) => Effect.sync(() => Fs.rmSync(path, { recursive: true, force: true }))
)

/** Runs the round of a seed. */
export const run = (seed: number): Effect.Effect<Found, never, Scope.Scope> =>
  Effect.gen(function*() {
    const chance = Chances.make(seed)
    const agent = yield* Effect.orDie(DevAgents.make())
    const proxy = yield* FaultProxy.make(agent)
    const directory = yield* folder
    const { clock, jump } = JumpingClock.make()
    const { direct, durable, heals, options, programs } = world(chance, proxy, directory)
    const tally: RandomProgram.Tally = { asked: 0, cut: 0 }
    const faults = Chances.make(chance.seed())
    const instants = Chances.make(chance.seed())
    const seeds = Array.from({ length: programs }, () => chance.seed())
    const kills = durable !== undefined && chance.happens(0.3)
    let unbalanced: Ledgers.Ledger | undefined
    let looked = 0
    const watch = Effect.forever(Effect.andThen(
      Effect.map(LLMObs.ledger, (ledger) => {
        looked++
        if (!Ledgers.balances(ledger)) unbalanced ??= ledger
      }),
      Effect.suspend(() => Effect.sleep(instants.below(10)))
    ))
    const flushes = Effect.forever(
      Effect.andThen(Effect.suspend(() => Effect.sleep(instants.below(200))), LLMObs.flush)
    )

    const books = [
      yield* inLayer(
        options,
        Effect.gen(function*() {
          yield* Effect.forkScoped(watch)
          yield* Effect.forkScoped(flushes)
          const storm = yield* Effect.forkChild(misbehave(faults, agent, proxy, jump))
          yield* Effect.forEach(
            seeds,
            (each) => RandomProgram.make({ seed: each, tally, withAccounts: direct }),
            { concurrency: 8, discard: true }
          )
          storm.interruptUnsafe()
          yield* proxy.up
          if (heals) {
            heal(agent, proxy)
            yield* settle(5_000)
          }
        }),
        clock
      )
    ]
    heal(agent, proxy)
    jump(0)
    let killed = 0
    if (kills) {
      const victim = yield* Programs.run({
        program: "Scribe.ts",
        args: [directory, proxy.url],
        signal: "SIGKILL",
        when: () => chance.below(400)
      })
      killed = victim.lines.length
    }
    if (durable !== undefined) {
      // Another process of these options delivers what is left.
      const left = Effect.gen(function*() {
        yield* Effect.forkScoped(watch)
        yield* Effect.sleep("500 millis")
        // The files hold no keys: what is for an account waits until the program names it again.
        if (direct) yield* Effect.forEach(RandomProgram.accounts, again, { discard: true })
        // A killed process may have delivered some of what the first one left.
        const found = Effect.map(LLMObs.ledger, ({ redelivered }) => kills || redelivered >= Ledgers.pending(books[0]!))
        yield* settle(30_000, found)
      })
      books.push(yield* inLayer({ ...options, maxBytes: 64 * 1_048_576, flushTimeout: "5 seconds" }, left, clock))
    }
    return judge({
      what: `${direct ? "direct" : "agent"} ${options.apm} ${options.overflow}${
        durable === undefined ? "" : kills ? ` durable, ${killed} events killed` : " durable"
      }${heals ? "" : ", not healed"}`,
      tally,
      looked,
      unbalanced,
      books,
      kills,
      ids: agent.events().map(({ spanId }) => spanId)
    })
  })

const judge = (seen: {
  readonly what: string
  readonly tally: RandomProgram.Tally
  readonly looked: number
  readonly unbalanced: Ledgers.Ledger | undefined
  readonly books: ReadonlyArray<Ledgers.Ledger>
  readonly kills: boolean
  readonly ids: ReadonlyArray<string>
}): Found => {
  const { books, ids, kills, tally } = seen
  const sum = (of: (ledger: Ledgers.Ledger) => number): number => books.reduce((total, ledger) => total + of(ledger), 0)
  const first = books[0]!
  const last = books.at(-1)!
  const arrived = new Set(ids).size
  const again = ids.length - arrived
  const possible = sum((ledger) => ledger.possibleDuplicates + ledger.redelivered)
  const claimed = sum(Ledgers.delivered)
  const dropped = sum(Ledgers.dropped)
  const offered = sum((ledger) => ledger.enqueued - ledger.redelivered)
  const check = (name: string, holds: boolean, problem: string) => [name, holds ? undefined : problem] as const
  const unbalanced = seen.unbalanced ?? books.find((ledger) => !Ledgers.balances(ledger))
  return {
    what: seen.what,
    asked: tally.asked,
    arrived,
    dropped: Ledgers.dropReasons.map((reason) => [reason, sum((ledger) => ledger.dropped[reason])] as const)
      .filter(([, events]) => events > 0).map(([reason, events]) => `${reason} ${events}`).join(", "),
    checks: [
      check("the law held at every instant", unbalanced === undefined, JSON.stringify(unbalanced)),
      check("somebody looked", seen.looked > 0, "nobody looked at the books"),
      check("nothing is pending at the end", Ledgers.pending(last) === 0, `${Ledgers.pending(last)} are pending`),
      // A span whose effect was cut short before it began was asked for and never started.
      check(
        "each span is one event",
        first.enqueued - first.redelivered <= tally.asked &&
          first.enqueued - first.redelivered >= tally.asked - tally.cut,
        `${tally.asked} spans were asked for, ${tally.cut} steps cut short, ${
          first.enqueued - first.redelivered
        } enqueued`
      ),
      check("no event fails to be made", sum((ledger) => ledger.dropped.failed) === 0, JSON.stringify(books)),
      check(
        "a clock that jumps lets nothing expire",
        sum((ledger) => ledger.dropped.expired) === 0,
        JSON.stringify(books)
      ),
      ...(kills ? [] : [
        check(
          "what did not arrive is in the books",
          offered - arrived <= dropped,
          `${offered} offered, ${arrived} arrived, ${dropped} dropped: ${JSON.stringify(last)}`
        ),
        check("what is said to be delivered arrived", claimed <= ids.length, `${claimed} of ${ids.length}`),
        check("what arrived again was counted", again <= possible, `${again} arrived again, ${possible} counted`)
      ])
    ]
  }
}
