import { assert, describe, it } from "@effect/vitest"
import type { Annotation, AnnotationInput } from "../../../src/domain/span/Annotation.ts"
import * as Annotations from "../../../src/domain/span/Annotation.ts"
import * as HeldBytes from "../../../src/domain/span/HeldBytes.ts"
import type { SpanRecord } from "../../../src/domain/span/SpanRecord.ts"
import { makeContext, makeRecord } from "../Records.ts"

const held = (annotation: Omit<Annotation, "bytes">) =>
  HeldBytes.ofAnnotation({ ...annotation, bytes: 0 }, HeldBytes.exactly)

describe("HeldBytes", () => {
  it("counts a text by its bytes: one for each character, two beyond Latin-1", () => {
    assert.strictEqual(HeldBytes.exactly("größe"), 5)
    assert.strictEqual(HeldBytes.exactly("größe €"), 14)
    const [short, long] = ["x".repeat(10), "x".repeat(1_010)].map((value) => held({ input: { _tag: "Value", value } }))
    assert.strictEqual(long! - short!, 1_000)
  })

  it("counts about 100 bytes a key or value of a tree, whatever they are as JSON", () => {
    const list = (count: number) => held({ metadata: { list: Array.from({ length: count }, () => ({ a: {} })) } })
    const each = list(1_001) - list(1_000)
    assert.isAtLeast(each, 200)
    assert.isAtMost(each, 300)
  })

  it("counts packed content by its length, and what stands beside it", () => {
    const bare = makeRecord({})
    assert.strictEqual(HeldBytes.ofRecord(bare, 5_000) - HeldBytes.ofRecord(bare, 0), 5_000)
    const failed = makeRecord({ error: { type: "Error", message: "x".repeat(1_000), stack: "" } })
    assert.isAtLeast(HeldBytes.ofRecord(failed, 0) - HeldBytes.ofRecord(bare, 0), 1_000)
  })

  it("counts the names beside packed content, however long they are", () => {
    const long = "x".repeat(1_000)
    const agent = { name: long, spanId: "2" }
    const tool = makeRecord({ context: makeContext({ kind: "tool" }), annotation: { toolVersion: long } })
    const records: ReadonlyArray<readonly [number, SpanRecord]> = [
      [1, makeRecord({ modelName: long })],
      [2, makeRecord({ modelName: long, modelProvider: long })],
      [1, tool],
      [1, makeRecord({ context: makeContext({ name: long }) })],
      [1, makeRecord({ context: makeContext({ remote: { parentId: "2", traceId: "1", agent } }) })]
    ]
    const bare = HeldBytes.ofRecord(makeRecord({}), 0)
    for (const [names, record] of records) {
      assert.isAtLeast(HeldBytes.ofRecord(record, 0) - bare, names * 1_000)
    }
  })

  it("counts a text that all spans of the process share as a pointer, and any other tag by its texts", () => {
    const record = makeRecord({ annotation: { tags: { team: "x".repeat(1_000) } } })
    const shared = { ...record.tags }
    const all = HeldBytes.ofRecord(record, 0, shared)
    assert.isAtMost(all - HeldBytes.ofRecord({ ...record, tags: {} }, 0), Object.keys(record.tags).length * 8)
    assert.isAtLeast(HeldBytes.ofRecord(record, 0, { ...shared, team: "another" }) - all, 1_000)
  })

  it("adds up what annotations append to at least what the result holds, and to little more", () => {
    const annotations: ReadonlyArray<AnnotationInput> = [
      { input: "a".repeat(500), metadata: { a: [1, 2], b: "x" }, tags: { team: "one" }, costTags: ["team"] },
      { input: "b", output: { c: ["d"] }, metadata: { a: "short", c: { d: {} } }, metrics: { inputTokens: 1 } },
      { prompt: { id: "p", template: "t".repeat(300), variables: { v: "w" } } },
      { prompt: { id: "p", variables: { v: "longer" } }, name: "n", sessionId: "s", costTags: ["team"] },
      { spanLinks: [{ spanId: "1", traceId: "2" }], tags: { team: "another", more: "x" }, intent: "i" },
      { spanLinks: [{ spanId: "3", traceId: "4" }], metadata: JSON.parse(`{"__proto__":{"a":1}}`) as {} }
    ]
    const ends = [...annotations, ...annotations.toReversed(), ...annotations]
    const into = Annotations.owned(Annotations.empty)
    let sum = 0
    for (const input of ends) {
      const later = Annotations.parse("llm", input).value
      for (const key of Object.keys(later) as Array<keyof Annotation>) {
        sum += HeldBytes.ofAppended(into, key, later, HeldBytes.exactly)
      }
      Annotations.append(into, later)
      const { bytes: _, ...fields } = into
      assert.isAtLeast(sum + 6 * 64, held(fields) - 16)
      assert.isAtMost(sum, held(fields) + 1_000)
    }
  })

  it("gives nothing back for a replaced value that other spans hold too", () => {
    const parse = (input: AnnotationInput) => Annotations.parse("task", input).value
    const shared = parse({ metadata: { a: "x".repeat(1_000) }, intent: "y".repeat(1_000) })
    const later = parse({ metadata: { a: "z".repeat(1_000) }, intent: "z".repeat(1_000) })
    const into = Annotations.owned(shared)
    for (const key of ["metadata", "intent"] as const) {
      assert.isAtLeast(HeldBytes.ofAppended(into, key, later, HeldBytes.exactly, shared), 1_000)
      assert.isAtMost(HeldBytes.ofAppended(into, key, later, HeldBytes.exactly), 0)
    }
  })
})
