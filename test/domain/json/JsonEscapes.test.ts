import { assert, describe, it } from "@effect/vitest"
import { readFileSync } from "node:fs"
import * as Wasm from "../../../scripts/Wasm.ts"
import * as JsonEscapes from "../../../src/domain/json/JsonEscapes.ts"

describe("JsonEscapes", () => {
  it("holds the bytes that its source builds", (ctx) => {
    if (!Wasm.canBuild()) ctx.skip("wabt is not installed")
    assert.strictEqual(readFileSync(Wasm.target, "utf8"), Wasm.built())
  })

  it("makes no pass, and throws nothing, where WebAssembly is missing or forbidden", () => {
    const given = Object.getOwnPropertyDescriptor(globalThis, "WebAssembly")!
    class Module {
      constructor() {
        throw new Error("Refused to compile or instantiate a WebAssembly module")
      }
    }
    try {
      for (const value of [undefined, null, { Module, Instance: Object }]) {
        Object.defineProperty(globalThis, "WebAssembly", { ...given, value })
        assert.isUndefined(JsonEscapes.make())
      }
    } finally {
      Object.defineProperty(globalThis, "WebAssembly", given)
    }
    assert.isDefined(JsonEscapes.make())
  })
})
