import { assert, describe, it } from "@effect/vitest"
import * as AsyncStorage from "../../../src/adapters/async-context/AsyncStorage.ts"

// A runtime without `AsyncLocalStorage` is one in which `process` gives no modules.
const withoutModules = <A>(f: () => A): A => {
  const own = Object.getOwnPropertyDescriptor(process, "getBuiltinModule")!
  Object.defineProperty(process, "getBuiltinModule", { ...own, value: undefined })
  try {
    return f()
  } finally {
    Object.defineProperty(process, "getBuiltinModule", own)
  }
}

const storages = [
  ["in a runtime with AsyncLocalStorage", () => AsyncStorage.make<number>()],
  ["in a runtime without it", () => withoutModules(() => AsyncStorage.make<number>())]
] as const

describe("AsyncStorage", () => {
  for (const [where, make] of storages) {
    it(`gives the value of the innermost function to the code in it, and the one before afterwards: ${where}`, () => {
      const storage = make()
      const read = () => storage.getStore()
      const inside = storage.run(1, () => [read(), storage.run(2, read), read()])
      assert.deepStrictEqual([...inside, read()], [1, 2, 1, undefined])
    })

    it(`gives the value back when the function throws: ${where}`, () => {
      const storage = make()
      assert.throws(() =>
        storage.run(1, () => {
          throw new Error("no")
        }), "no")
      assert.isUndefined(storage.getStore())
    })
  }

  it("keeps the value behind an await with AsyncLocalStorage, and loses it without", async () => {
    const [kept, lost] = await Promise.all(storages.map(([, make]) => {
      const storage = make()
      return storage.run(1, async () => {
        await Promise.resolve()
        return storage.getStore()
      })
    }))
    assert.deepStrictEqual([kept, lost], [1, undefined])
  })
})
