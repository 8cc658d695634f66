/**
 * Rows with several Datadog accounts in one program, one of which is in trouble: it holds up no other, and nothing goes to
 * an account that it was not made for.
 */
import * as LLMObs from "effect-llmobs/LLMObs"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Fs from "node:fs"
import * as Path from "node:path"
import { eventually, until } from "./Eventually.ts"
import * as KeyGate from "./KeyGate.ts"
import type { Row, Stage } from "./Row.ts"
import { apiKey } from "./Row.ts"
import { atLeastOnce, once } from "./Verdict.ts"

const events = 20

const keys = {
  good: "key-of-the-good-account-01234567",
  bad: "key-of-the-bad-account-012345678"
}
type Whose = keyof typeof keys | "own"

const regions = {
  good: LLMObs.withRouting({ apiKey: Redacted.make(keys.good), site: "datadoghq.com" }),
  bad: LLMObs.withRouting({ apiKey: Redacted.make(keys.bad), site: "datadoghq.com" })
}

const call = (whose: Whose): Effect.Effect<void> => {
  const span = Effect.void.pipe(LLMObs.llm(`${whose}-call`, { model: "m", provider: "p", input: "a question" }))
  return whose === "own" ? span : regions[whose](span)
}

/** One of each, many times. */
const emit = Effect.forEach(
  Array.from({ length: events }),
  () => Effect.andThen(call("good"), Effect.andThen(call("bad"), call("own"))),
  { discard: true }
)

/** How many of an account's events arrived, each counted once. */
const arrived = ({ agent }: Stage, whose: Whose): number =>
  new Set(agent.events().filter(({ event }) => event["name"] === `${whose}-call`).map(({ spanId }) => spanId)).size

/** An event that arrived under another account's key. The layer's own events go by an Agent in one of the rows, without a key. */
const strangers = ({ agent }: Stage): string | undefined => {
  const taken = agent.events().find(({ event, via }) => via !== "direct" && !String(event["name"]).startsWith("own"))
  if (taken !== undefined) return "an Agent got an event that is for another account"
  for (const request of agent.requests()) {
    if (!request.path.endsWith("/llmobs")) continue
    const key = request.headers["dd-api-key"]
    const text = Buffer.from(request.bytes).toString("latin1")
    for (const whose of ["good", "bad", "own"] as const) {
      const right = whose === "own" ? key === undefined || key === apiKey : key === keys[whose]
      if (!right && text.includes(`${whose}-call`)) return `an event of the account "${whose}" went to another`
    }
  }
  return undefined
}

/** The other accounts' events arrive, those that come meanwhile too, while the bad one's stay where they are. */
const meanwhile = (stage: Stage, inTrouble: () => boolean): Effect.Effect<string | undefined> =>
  Effect.gen(function*() {
    yield* emit
    yield* until(inTrouble)
    yield* until(() => arrived(stage, "good") === events && arrived(stage, "own") === events)
    yield* emit
    yield* until(() => arrived(stage, "good") === 2 * events && arrived(stage, "own") === 2 * events)
    // The answers come after the events.
    yield* eventually(Effect.map(stage.pending, (left) => left === 2 * events), 10_000)
    const held = yield* stage.pending
    if (!inTrouble()) return "the bad account was in no trouble"
    if (arrived(stage, "good") !== 2 * events) return `${arrived(stage, "good")} of the good account arrived meanwhile`
    if (arrived(stage, "own") !== 2 * events) {
      return `${arrived(stage, "own")} of the layer's own account arrived meanwhile`
    }
    if (arrived(stage, "bad") > 0) return "the bad account's events arrived"
    return held === 2 * events ? strangers(stage) : `${held} were held`
  })

/** A gate in front of the Agent, which is the intake of all accounts, and the Agent itself where there is one. */
const row = (
  name: string,
  direct: boolean,
  more: (gate: () => KeyGate.KeyGate) => Partial<Row> & Pick<Row, "run">
): Row => {
  let gate: KeyGate.KeyGate
  return {
    name: `accounts: ${name}`,
    promised: once,
    direct,
    prepare: ({ agent }) =>
      Effect.map(KeyGate.make(agent), (made) => {
        gate = made
        made.accept(apiKey, keys.good)
      }),
    options: ({ agent }) => ({ overrideOrigin: gate.url, ...(direct ? {} : { agentUrl: agent.url }) }),
    ...more(() => gate)
  }
}

/** In the end the bad account's key is accepted. */
const refused = (name: string, direct: boolean): Row =>
  row(name, direct, (gate) => ({
    run: (stage) =>
      Effect.gen(function*() {
        const problem = yield* meanwhile(stage, () => gate().refused(keys.bad) > 0)
        gate().accept(apiKey, keys.good, keys.bad)
        // A paused destination is probed every half minute, or when somebody flushes.
        yield* stage.short ? stage.settle(20_000) : stage.wait(70_000)
        return problem ?? strangers(stage)
      })
  }))

const directory = ({ place }: Stage): string => `${place}-outbox`

const bytesBelow = (folder: string): Buffer =>
  Buffer.concat(
    Fs.readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => Fs.readFileSync(Path.join(entry.parentPath, entry.name)))
  )

export const rows: ReadonlyArray<Row> = [
  refused("one key is refused", true),
  refused("one key is refused, beside an Agent", false),
  row("one never gets an answer", true, (gate) => ({
    promised: atLeastOnce,
    env: { _DD_LLMOBS_WRITER_TIMEOUT: "1" },
    run: (stage) =>
      Effect.gen(function*() {
        gate().accept(apiKey, keys.good, keys.bad)
        gate().hang(keys.bad)
        const problem = yield* meanwhile(stage, () => gate().refused(keys.bad) > 0)
        gate().hang(undefined)
        yield* stage.wait(40_000)
        return problem ?? strangers(stage)
      })
  })),
  row("one key is refused, and the process ends", true, (gate) => ({
    options: (stage) => ({
      overrideOrigin: gate().url,
      flushTimeout: "1 second",
      durable: { directory: directory(stage) }
    }),
    run: (stage) => meanwhile(stage, () => gate().refused(keys.bad) > 0),
    between: (stage) =>
      Effect.sync(() => {
        const bytes = bytesBelow(directory(stage))
        gate().accept(apiKey, keys.good, keys.bad)
        return [apiKey, keys.good, keys.bad].some((key) => bytes.includes(key)) ? "a key is in the file" : undefined
      }),
    next: (stage) => ({
      agentless: true,
      apiKey: Redacted.make(apiKey),
      site: "datadoghq.eu",
      overrideOrigin: gate().url,
      durable: { directory: directory(stage) }
    }),
    // The key is not in the file: the account is known again when a region names it.
    nextRun: (stage) =>
      Effect.gen(function*() {
        yield* call("good")
        yield* until(() => arrived(stage, "good") === 2 * events + 1)
        if (arrived(stage, "bad") > 0) return "the bad account's events arrived before their key was named"
        yield* call("bad")
        yield* stage.wait(20_000)
        return strangers(stage)
      })
  }))
]
