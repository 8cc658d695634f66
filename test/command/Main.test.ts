import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Processes from "../adapters/redis/Processes.ts"

describe("the command effect-llmobs", () => {
  for (const args of [[], ["deliver"], ["relay", "--all"]]) {
    it.live(`says how it is used when it is called with ${JSON.stringify(args)}`, () =>
      Effect.gen(function*() {
        const [printed, code] = yield* Processes.command(args)
        assert.strictEqual(printed, "Usage: effect-llmobs relay [--status | --set-aside]\n")
        assert.strictEqual(code, 2)
      }))
  }

  it.live("tells what it can do, and its version", () =>
    Effect.gen(function*() {
      const [help, ok] = yield* Processes.command(["--help"])
      assert.include(help, "relay --set-aside")
      assert.strictEqual(ok, 0)
      assert.match((yield* Processes.command(["--version"]))[0], /^\d+\.\d+\.\d+/)
    }))

  for (const args of [["relay"], ["relay", "--status"], ["relay", "--set-aside"]]) {
    it.live(`names the variable that is missing in a sentence: ${args.join(" ")}`, () =>
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

  it.live("warns of a number that is none, and takes its default", () =>
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

  it.live("does not send a password in plain text to another host, nor show it", () =>
    Effect.gen(function*() {
      const [printed, code] = yield* Processes.command(["relay"], {
        EFFECT_LLMOBS_REDIS_URL: "redis://user:secret@queue.invalid"
      })
      assert.include(printed, "without TLS")
      assert.notInclude(printed, "secret")
      assert.strictEqual(code, 1)
    }))

  it.live("says that Redis cannot be reached", () =>
    Effect.gen(function*() {
      const [printed, code] = yield* Processes.command(["relay", "--status"], {
        EFFECT_LLMOBS_REDIS_URL: "unix:///nowhere/redis"
      })
      assert.strictEqual(printed, "null\n")
      assert.strictEqual(code, 1)
    }))
})
