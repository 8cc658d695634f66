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

  it.live("names the variable that a relay misses", () =>
    Effect.gen(function*() {
      const [printed, code] = yield* Processes.command(["relay"])
      assert.include(printed, "EFFECT_LLMOBS_REDIS_URL")
      assert.strictEqual(code, 1)
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
