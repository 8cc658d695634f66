import { assert, describe, it } from "@effect/vitest"
import * as Arbitrary from "effect/Arbitrary"
import * as Schema from "effect/Schema"
import { readFileSync } from "node:fs"
import * as Wasm from "../../../scripts/Wasm.ts"
import * as EscapedBytes from "../../../src/domain/json/EscapedBytes.ts"
import * as TextPass from "../../../src/domain/json/TextPass.ts"
import { JsonTranscoder } from "../../../src/domain/msgpack/JsonTranscoder.ts"
import { MsgpackWriter } from "../../../src/domain/msgpack/MsgpackWriter.ts"

const instancesMadeBy = (run: () => void): number => {
  const api = (globalThis as unknown as { readonly WebAssembly: object }).WebAssembly
  const given = Object.getOwnPropertyDescriptor(api, "Instance")!
  let count = 0
  const value = new Proxy(given.value as new() => object, {
    construct: (made, args) => {
      count++
      return Reflect.construct(made, args) as object
    }
  })
  try {
    Object.defineProperty(api, "Instance", { ...given, value })
    run()
  } finally {
    Object.defineProperty(api, "Instance", given)
  }
  return count
}

describe("TextPass", () => {
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
        assert.isUndefined(TextPass.make())
      }
    } finally {
      Object.defineProperty(globalThis, "WebAssembly", given)
    }
    assert.isDefined(TextPass.make())
  })

  it("throws where the stack is full, because nothing is known of WebAssembly there", () => {
    // Tries to make a pass at the end of the stack, and in each call on the way back until it succeeds.
    const deeper = (): TextPass.TextPass | undefined => {
      try {
        return deeper()
      } catch {
        return TextPass.make()
      }
    }
    assert.isDefined(deeper())
  })

  it("gives the same passes to all who write long texts", () => {
    const text = "世“\n\"😀".repeat(5_000)
    const packed = new MsgpackWriter()
    const json = new MsgpackWriter(64)
    json.begin()
    const instances = instancesMadeBy(() => {
      for (let times = 0; times < 3; times++) {
        packed.begin()
        packed.members({ text })
        new JsonTranscoder().members(packed.buffer, packed.offset, 1, json)
        const bytes = new TextEncoder().encode(text)
        assert.strictEqual(EscapedBytes.size(bytes, 0, bytes.length), Buffer.byteLength(JSON.stringify(text)) - 2)
      }
    })
    assert.strictEqual(new TextDecoder().decode(json.end()), `"text":${JSON.stringify(text)}`.repeat(3))
    assert.isAtMost(instances, 1)
  })

  // One unit of each kind: of one, two and three bytes, and both halves of a pair.
  const kinds = [
    "a",
    "\u007f",
    "\u0080",
    "é",
    "\u07ff",
    "\u0800",
    "世",
    "\ud7ff",
    "\ue000",
    "\uffff",
    "\ud800",
    "\udbff",
    "\udc00",
    "\udfff"
  ]
  const pass = TextPass.make()!
  const utf8 = (text: string): string => {
    const units = Buffer.from(text, "utf16le")
    pass.memory.set(units)
    const bytes = pass.utf8(units.byteLength)
    return Buffer.from(pass.memory.subarray(TextPass.resultAt, TextPass.resultAt + bytes)).toString("hex")
  }
  const check = (text: string): void =>
    assert.strictEqual(utf8(text), Buffer.from(text).toString("hex"), JSON.stringify(text))

  it.prop(
    "writes the UTF-8 of any units as Node does",
    [Arbitrary.array(Arbitrary.schema(Schema.Literals(kinds)), { maxLength: 60 })],
    ([units]) => check(units.join(""))
  )

  it("writes one character of each kind at each place among characters of each other kind", () => {
    for (const among of ["a", "é", "世", "😀"]) {
      for (const kind of kinds) {
        for (let at = 0; at <= 17; at++) check(`${among.repeat(at)}${kind}${among.repeat(17 - at)}`)
      }
    }
  })

  it("writes the longest piece of each kind into its memory, and leaves the letters of escapes as they are", () => {
    const letters = pass.memory.slice(61_440)
    for (const kind of kinds) check(kind.repeat(TextPass.mostBytes / 2))
    assert.deepStrictEqual(pass.memory.slice(61_440), letters)
  })
})
