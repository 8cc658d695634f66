import { assert, describe, it } from "@effect/vitest"
import type { Annotation, AnnotationInput } from "../../../src/domain/span/Annotation.ts"
import * as HeldBytes from "../../../src/domain/span/HeldBytes.ts"
import { makeRecord } from "../Records.ts"

const record = (annotation: AnnotationInput) => makeRecord({ annotation })
const held = (annotation: Omit<Annotation, "bytes">) =>
  HeldBytes.ofAnnotation({ ...annotation, bytes: 0 }, HeldBytes.exactly)

describe("HeldBytes", () => {
  it("counts a text by its bytes: one for each character, two beyond Latin-1", () => {
    assert.strictEqual(HeldBytes.exactly("größe"), 5)
    assert.strictEqual(HeldBytes.exactly("größe €"), 14)
    assert.strictEqual(HeldBytes.atMost("größe"), 10)
    const [short, long] = ["x".repeat(10), "x".repeat(1_010)].map((value) => held({ input: { _tag: "Value", value } }))
    assert.strictEqual(long! - short!, 1_000)
  })

  it("counts about 100 bytes a key or value of a tree, whatever they are as JSON", () => {
    const list = (count: number) => held({ metadata: { list: Array.from({ length: count }, () => ({ a: {} })) } })
    const each = list(1_001) - list(1_000)
    assert.isAtLeast(each, 200)
    assert.isAtMost(each, 300)
  })

  it("is never above the bound that needs no look at characters", () => {
    for (const text of ["", "plain", "größe", "私", "x".repeat(5_000)]) {
      const event = record({ metadata: { text, [text]: [text, { text }] }, intent: text })
      assert.isAtMost(
        HeldBytes.ofRecord(event, HeldBytes.exactly),
        HeldBytes.ofRecord(event, HeldBytes.atMost),
        text
      )
    }
  })
})
