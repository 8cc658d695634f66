import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fs from "node:fs"
import * as DevAgent from "../../src/adapters/devagent/DevAgent.ts"
import * as Processes from "../adapters/redis/Processes.ts"
import * as SqliteFile from "../adapters/sqlite/SqliteFile.ts"
import { offer, record } from "../laws/OutboxLaws.ts"

describe.concurrent("the command effect-llmobs", () => {
  for (const args of [[], ["deliver"], ["relay", "--all"], ["rescue"], ["rescue", "a", "b"]]) {
    it.live(`prints its usage when it is called with ${JSON.stringify(args)}`, () =>
      Effect.gen(function*() {
        const [printed, code] = yield* Processes.command(args)
        assert.strictEqual(printed, "Usage: effect-llmobs relay [--status | --set-aside] | rescue FILE [--deliver]\n")
        assert.strictEqual(code, 2)
      }))
  }

  it.live("prints its help and its version", () =>
    Effect.gen(function*() {
      const [help, ok] = yield* Processes.command(["--help"])
      assert.include(help, "relay --set-aside")
      assert.strictEqual(ok, 0)
      assert.match((yield* Processes.command(["--version"]))[0], /^\d+\.\d+\.\d+/)
    }))

  for (const args of [["relay"], ["relay", "--status"], ["relay", "--set-aside"]]) {
    it.live(`names a missing variable in a sentence: ${args.join(" ")}`, () =>
      Effect.gen(function*() {
        const [printed, code] = yield* Processes.command(args)
        assert.strictEqual(
          printed,
          "effect-llmobs: EFFECT_LLMOBS_REDIS_URL is not set. Set it to the address of Redis, such as " +
            "redis://localhost:6379 or unix:///run/redis.sock.\n"
        )
        assert.strictEqual(code, 1)
      }))
  }

  it.live("warns of a setting that is not a number, and takes its default", () =>
    Effect.gen(function*() {
      const [printed] = yield* Processes.command(["relay", "--status"], {
        EFFECT_LLMOBS_REDIS_URL: "unix:///nowhere/redis",
        EFFECT_LLMOBS_RELAY_CONCURRENCY: "several"
      })
      assert.include(
        printed,
        "EFFECT_LLMOBS_RELAY_CONCURRENCY must be a whole number above 0, but is a text of 7 characters."
      )
      assert.include(printed, "null\n")
    }))

  it.live("refuses to send a password unencrypted to another host, and does not show it", () =>
    Effect.gen(function*() {
      const [printed, code] = yield* Processes.command(["relay"], {
        EFFECT_LLMOBS_REDIS_URL: "redis://user:secret@queue.invalid"
      })
      assert.include(printed, "without TLS")
      assert.notInclude(printed, "secret")
      assert.strictEqual(code, 1)
    }))

  it.live("reports that Redis cannot be reached", () =>
    Effect.gen(function*() {
      const [printed, code] = yield* Processes.command(["relay", "--status"], {
        EFFECT_LLMOBS_REDIS_URL: "unix:///nowhere/redis"
      })
      assert.strictEqual(printed, "null\n")
      assert.strictEqual(code, 1)
    }))

  it.live("prints or delivers the events left in a durable outbox's damaged file", () =>
    Effect.gen(function*() {
      const { directory, remove } = SqliteFile.folder()
      yield* Effect.addFinalizer(() => Effect.sync(remove))
      const writer = SqliteFile.open({ directory, maxBytes: 1e9 })
      for (let id = 1; id <= 100; id++) offer(writer, record(id, 2_000), Date.now())
      writer.journal.close()
      const [file] = SqliteFile.files(directory)
      const bytes = Fs.readFileSync(file!)
      // The head of the file, and one page of events.
      bytes.fill(0xa5, 0, 4_096).fill(0xa5, 6 * 32_768, 7 * 32_768)
      Fs.writeFileSync(file!, bytes)

      const [printed, ok] = yield* Processes.command(["rescue", file!])
      const events = printed.split("\n").filter((line) => line.startsWith("{"))
      assert.strictEqual(ok, 0, printed)
      assert.isAbove(events.length, 60)
      assert.isBelow(events.length, 100)
      assert.include(printed, `${events.length} events and 0 set aside were read`)

      const agent = yield* DevAgent.make()
      const [said, code] = yield* Processes.command(["rescue", "--deliver", file!], { DD_TRACE_AGENT_URL: agent.url })
      assert.strictEqual(code, 0, said)
      assert.include(said, `${events.length} delivered, 0 dropped, 0 not delivered`)
      assert.strictEqual(agent.events().length, events.length)
      assert.deepStrictEqual(Fs.readFileSync(file!), bytes)

      const [missing, failed] = yield* Processes.command(["rescue", `${file}.none`])
      assert.include(missing, "effect-llmobs: ")
      assert.strictEqual(failed, 1)
    }))
})
