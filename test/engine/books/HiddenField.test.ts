import { assert, describe, it } from "@effect/vitest"
import * as HiddenField from "../../../src/engine/books/HiddenField.ts"

describe("HiddenField", () => {
  it("is kept for each object, shows nowhere, and does not come along with a copy", () => {
    const field = HiddenField.make<object, number>()
    const [one, other] = [{ a: 1 }, Object.freeze({ a: 2 })]
    assert.isUndefined(field.get(one))
    field.set(one, 5)
    field.set(other, 6)
    assert.deepStrictEqual([field.get(one), field.get(other)], [5, 6])
    assert.deepStrictEqual(one, { a: 1 })
    assert.strictEqual(JSON.stringify(one), `{"a":1}`)
    assert.isUndefined(field.get({ ...one }))
    field.set(one, undefined)
    assert.isUndefined(field.get(one))
  })

  it("is another one for each owner", () => {
    const [mine, theirs] = [HiddenField.make<object, string>(), HiddenField.make<object, string>()]
    const object = {}
    mine.set(object, "mine")
    assert.isUndefined(theirs.get(object))
  })
})
