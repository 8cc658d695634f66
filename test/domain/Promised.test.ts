import { assert, describe, it } from "@effect/vitest"
import * as Promised from "../../src/domain/Promised.ts"
import * as HostileValue from "./HostileValue.ts"

describe("Promised", () => {
  it("recognises a promise, and handles its rejection", async () => {
    const rejections: Array<unknown> = []
    const onRejection = (reason: unknown) => rejections.push(reason)
    process.on("unhandledRejection", onRejection)
    assert.isTrue(Promised.take(Promise.resolve(1)))
    assert.isTrue(Promised.take(Promise.reject(new Error("no"))))
    await new Promise((resolve) => setImmediate(resolve))
    process.off("unhandledRejection", onRejection)
    assert.deepStrictEqual(rejections, [])
  })

  it("takes no other value for a promise, and throws for none", () => {
    for (const value of [undefined, null, 0, "then", {}, [], () => {}]) assert.isFalse(Promised.take(value))
    for (const value of HostileValue.each()) Promised.take(value)
  })
})
