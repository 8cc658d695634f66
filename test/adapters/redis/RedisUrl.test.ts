import { assert, describe, it } from "@effect/vitest"
import * as RedisUrl from "../../../src/adapters/redis/RedisUrl.ts"

describe("RedisUrl", () => {
  for (
    const url of [
      "redis://localhost",
      "redis://user:secret@127.0.0.1:6380/2",
      "redis://[::1]:6379",
      "rediss://queue.internal:6379",
      "rediss://:secret@10.0.0.1"
    ]
  ) {
    it(`accepts ${url}`, () => assert.deepStrictEqual(RedisUrl.parse(url), { value: { url }, problems: [] }))
  }

  it("reads the path of a socket", () =>
    assert.deepStrictEqual(RedisUrl.parse("unix:///run/redis.sock").value, { path: "/run/redis.sock" }))

  for (const url of ["", "redis", "http://localhost", "redis://", "unix://", "unix://run", "redis:/x", "redis://a b"]) {
    it(`refuses ${JSON.stringify(url)}`, () => {
      const { problems, value } = RedisUrl.parse(url)
      assert.isUndefined(value)
      assert.strictEqual(problems[0]?.code, "invalid_setting")
    })
  }

  it("refuses to send events to another host unencrypted, unless that is allowed", () => {
    for (
      const url of ["redis://user:secret@queue.internal", "redis://10.0.0.1:6379", "redis://localhost.example.org"]
    ) {
      const { problems, value } = RedisUrl.parse(url)
      assert.isUndefined(value)
      assert.strictEqual(problems.length, 1)
      assert.notInclude(problems[0]!.message, "secret")
      assert.deepStrictEqual(RedisUrl.parse(url, { allowPlaintext: true }).value, { url })
    }
  })
})
