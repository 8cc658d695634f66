#!/usr/bin/env node
/**
 * The command `effect-llmobs`.
 *
 * **Details**
 *
 * `effect-llmobs relay` delivers events that other processes handed to Redis, until SIGTERM or SIGINT. It prints the
 * load of the queue once a minute, and its ledger when it ends. `effect-llmobs relay --status` prints the load once, as
 * JSON. `effect-llmobs relay --set-aside` prints the events that the intake refused for good and those that no relay
 * could read, one JSON object a line, oldest first; they include prompts and answers. Both exit with 1 if Redis is
 * unreachable.
 *
 * `effect-llmobs rescue FILE` prints the readable events of a damaged file of a durable outbox, one JSON object a line,
 * and with `--deliver` delivers them. They include prompts and answers.
 *
 * `EFFECT_LLMOBS_REDIS_URL` is the address of Redis, `EFFECT_LLMOBS_REDIS_QUEUE` the name of the queue, and
 * `EFFECT_LLMOBS_REDIS_PLAINTEXT=true` allows a remote host without TLS. `EFFECT_LLMOBS_RELAY_CONCURRENCY` is the most
 * batches that the relay holds, and `EFFECT_LLMOBS_RELAY_LOCK_MILLIS` the time after which others take the batches of a
 * dead relay. The `DD_*` variables configure the road to the intake.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Variables from "../composition/Variables.ts"
import { libraryVersion } from "../composition/Version.ts"
import * as Ledger from "../domain/delivery/Ledger.ts"
import type { Problem } from "../domain/Problem.ts"
import * as Problems from "../domain/Problem.ts"
import * as Reader from "../domain/settings/Reader.ts"
import * as Setting from "../domain/settings/Setting.ts"
import * as Relay from "../layers/Relay.ts"
import * as Rescue from "./Rescue.ts"

const usage = "Usage: effect-llmobs relay [--status | --set-aside] | rescue FILE [--deliver]"

const help = `${usage}

  relay              delivers what other processes handed to Redis, until SIGTERM or SIGINT ends it
  relay --status     prints how full the queue is
  relay --set-aside  prints the events that nobody takes, a line each: content
  rescue FILE        prints the events in a damaged file of a durable outbox, a line each: content
  rescue FILE --deliver  delivers them instead
  --help, --version

EFFECT_LLMOBS_REDIS_URL says where Redis is, and the DD_* variables the way to the intake.`

const rows = {
  url: { variables: ["EFFECT_LLMOBS_REDIS_URL"], read: Reader.text, fallback: undefined, about: "" },
  queue: { variables: ["EFFECT_LLMOBS_REDIS_QUEUE"], read: Reader.text, fallback: undefined, about: "" },
  allowPlaintext: { variables: ["EFFECT_LLMOBS_REDIS_PLAINTEXT"], read: Reader.boolean, fallback: false, about: "" },
  concurrency: {
    variables: ["EFFECT_LLMOBS_RELAY_CONCURRENCY"],
    read: Reader.number((n) => Number.isInteger(n) && n > 0, "a whole number above 0"),
    fallback: undefined,
    about: ""
  },
  lockMillis: {
    variables: ["EFFECT_LLMOBS_RELAY_LOCK_MILLIS"],
    read: Reader.number((n) => n >= 1_000, "a number of milliseconds, at least 1000"),
    fallback: undefined,
    about: ""
  }
} as const

const settings = Effect.gen(function*() {
  const problems: Array<Problem> = []
  const get = yield* Variables.textOf(Object.values(rows).flatMap((row) => row.variables))
  const take = <A, F>(row: Setting.Setting<A, F>): A | F => Setting.take(row, () => undefined, get, problems)
  const url = take(rows.url)
  const found = {
    queue: take(rows.queue),
    allowPlaintext: take(rows.allowPlaintext),
    concurrency: take(rows.concurrency),
    lockMillis: take(rows.lockMillis)
  }
  // Standard output is for the answer alone.
  for (const problem of problems) yield* Console.error(`effect-llmobs: ${Problems.render(problem)}`)
  if (url === undefined) return yield* Effect.fail(new Relay.RelayError(noUrl))
  return { ...found, url: Redacted.make(url) }
})

const noUrl =
  "EFFECT_LLMOBS_REDIS_URL is not set. Set it to the address of Redis, such as redis://localhost:6379 or unix:///run/redis.sock."

const report = Effect.gen(function*() {
  const status = yield* Relay.status
  const books = yield* Relay.ledger
  yield* Effect.logInfo(
    `effect-llmobs: ${status === undefined ? "Redis cannot be reached" : JSON.stringify(status)}; ` +
      `this relay: ${Ledger.delivered(books)} delivered, ${Ledger.dropped(books)} dropped, ${
        Ledger.pending(books)
      } in hand`
  )
})

const relay = Effect.gen(function*() {
  const options = yield* settings
  let ending: Effect.Effect<void> = Effect.void
  // Once a relay has ended its ledger does not change: its events are delivered, dropped or given back.
  yield* Effect.addFinalizer(() => ending)
  const running = Effect.flatMap(Relay.Relay, ({ ledger }) => {
    ending = Effect.flatMap(
      ledger,
      (books) => Console.log(`effect-llmobs: the books of this relay: ${JSON.stringify(books)}`)
    )
    return Effect.forever(Effect.andThen(report, Effect.sleep("1 minute")))
  })
  return yield* Effect.provide(running, Relay.layer(options))
}).pipe(Effect.scoped)

const failing = (code: number, line: string) =>
  Effect.andThen(
    Console.error(line),
    Effect.sync(() => {
      process.exitCode = code
    })
  )

const status = Effect.gen(function*() {
  const found = yield* Effect.flatMap(settings, Relay.statusOnce)
  yield* Console.log(JSON.stringify(found ?? null))
  if (found === undefined) process.exitCode = 1
})

const setAside = Effect.gen(function*() {
  const found = yield* Effect.flatMap(settings, Relay.setAsideOnce)
  if (found === undefined) return yield* failing(1, "effect-llmobs: Redis cannot be reached.")
  yield* Effect.forEach(found, (entry) => Console.log(JSON.stringify(entry)), { discard: true })
})

const commands = new Map<string, Effect.Effect<void, Relay.RelayError | Error>>([
  ["--help", Console.log(help)],
  ["--version", Console.log(libraryVersion)],
  ["relay", relay],
  ["relay --status", status],
  ["relay --set-aside", setAside]
])
const [name, ...rest] = process.argv.slice(2)
const [file] = rest.filter((argument) => !argument.startsWith("--"))
const rescue = rest.length === 1
  ? Rescue.print
  : rest.length === 2 && rest.includes("--deliver")
  ? Rescue.deliver
  : undefined
const chosen = name === "rescue" && file !== undefined ? rescue?.(file) : commands.get(process.argv.slice(2).join(" "))

NodeRuntime.runMain(
  chosen === undefined
    ? failing(2, usage)
    : Effect.catch(chosen, (error) => failing(1, `effect-llmobs: ${error.message}`))
)
