import { assert, describe, it } from "@effect/vitest"
import * as NodeIdGenerator from "../../../src/adapters/node-process/NodeIdGenerator.ts"
import * as ProcessIdentity from "../../../src/adapters/node-process/ProcessIdentity.ts"
import * as SpanId from "../../../src/domain/span/SpanId.ts"
import * as TraceId from "../../../src/domain/span/TraceId.ts"

describe("NodeIdGenerator", () => {
  it("makes span ids that are valid, positive as signed numbers, and never repeated", () => {
    const ids = NodeIdGenerator.make()
    const made = Array.from({ length: 5_000 }, ids.spanId)
    for (const id of made) {
      assert.match(id, /^[0-7][0-9a-f]{15}$/)
      assert.isTrue(SpanId.isValid(id))
    }
    assert.strictEqual(new Set(made).size, made.length)
  })

  it("makes trace ids of eight digits of seconds, eight zeros and a random half", () => {
    const ids = NodeIdGenerator.make()
    const id = ids.traceId(0x6a86f1c0)
    assert.match(id, /^6a86f1c000000000[0-9a-f]{16}$/)
    assert.isTrue(TraceId.isValid(id))
    assert.notStrictEqual(ids.traceId(0x6a86f1c0), id)
  })

  it("makes trace ids of 64 bits when asked", () => {
    const ids = NodeIdGenerator.make({ traceIdBits: 64 })
    assert.match(ids.traceId(0x6a86f1c0), /^0{16}[0-7][0-9a-f]{15}$/)
  })

  it("makes different ids in two generators", () => {
    const [one, other] = [NodeIdGenerator.make(), NodeIdGenerator.make()]
    const made = new Set(Array.from({ length: 1_000 }, one.spanId))
    for (let turn = 0; turn < 1_000; turn++) assert.isFalse(made.has(other.spanId()))
  })
})

describe("ProcessIdentity", () => {
  it("describes this process, with one runtime id however often it is read", () => {
    const identity = ProcessIdentity.read()
    assert.strictEqual(identity.pid, process.pid)
    assert.strictEqual(identity.languageVersion, process.version)
    assert.match(identity.runtimeId, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
    assert.strictEqual(ProcessIdentity.read().runtimeId, identity.runtimeId)
  })

  it("names the program after the nearest package with a name, else node", () => {
    const program = process.argv[1]
    try {
      process.argv[1] = new URL("../../../src/layers/LLMObs.ts", import.meta.url).pathname
      assert.strictEqual(ProcessIdentity.read().programName, "effect-llmobs")
      process.argv[1] = "/nowhere/at/all.js"
      assert.strictEqual(ProcessIdentity.read().programName, "node")
    } finally {
      process.argv[1] = program!
    }
  })
})
