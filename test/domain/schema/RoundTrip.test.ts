import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import * as Annotation from "../../../src/domain/schema/Annotation.ts"
import * as Document from "../../../src/domain/schema/Document.ts"
import * as Envelope from "../../../src/domain/schema/Envelope.ts"
import * as Json from "../../../src/domain/schema/Json.ts"
import * as Ledger from "../../../src/domain/schema/Ledger.ts"
import * as Message from "../../../src/domain/schema/Message.ts"
import * as MetaStruct from "../../../src/domain/schema/MetaStruct.ts"
import * as Nanoseconds from "../../../src/domain/schema/Nanoseconds.ts"
import * as Prompt from "../../../src/domain/schema/Prompt.ts"
import * as Rescue from "../../../src/domain/schema/Rescue.ts"
import * as SpanContext from "../../../src/domain/schema/SpanContext.ts"
import * as SpanEvent from "../../../src/domain/schema/SpanEvent.ts"
import * as SpanKind from "../../../src/domain/schema/SpanKind.ts"
import * as SpanLink from "../../../src/domain/schema/SpanLink.ts"
import * as SpanRecord from "../../../src/domain/schema/SpanRecord.ts"
import * as Tags from "../../../src/domain/schema/Tags.ts"
import * as ToolDefinition from "../../../src/domain/schema/ToolDefinition.ts"
import * as WireFormat from "../../../src/domain/schema/WireFormat.ts"
import { canonical } from "./CanonicalText.ts"

const modules: { readonly [name: string]: { readonly [name: string]: unknown } } = {
  Annotation,
  Document,
  Envelope,
  Json,
  Ledger,
  Message,
  MetaStruct,
  Nanoseconds,
  Prompt,
  Rescue,
  SpanContext,
  SpanEvent,
  SpanKind,
  SpanLink,
  SpanRecord,
  Tags,
  ToolDefinition,
  WireFormat
}

type Codec = Schema.Codec<unknown, unknown>

// Schemas that read JSON text are tested beside their own: text has one zero.
const table = Object.entries(modules).flatMap(([file, exports]) =>
  Object.entries(exports).filter(([name, value]) => Schema.isSchema(value) && !name.endsWith("FromJson")).map((
    [name, value]
  ) => [`${file}.${name}`, value as unknown as Codec] as const)
)

describe("the Schemas of the domain", () => {
  it("lists every Schema in the table", () => {
    assert.isAbove(table.length, 35)
  })

  for (const [name, schema] of table) {
    it.prop(`${name} decodes what it encodes, unchanged`, [schema], ([value]) => {
      const decoded = Schema.decodeUnknownSync(schema)(Schema.encodeSync(schema)(value))
      assert.deepStrictEqual(decoded, value)
      assert.strictEqual(canonical(decoded), canonical(value))
    })
  }
})

describe("the Schemas of numbers", () => {
  it("refuses numbers that JSON lacks, and fractions of events", () => {
    for (const value of [NaN, Infinity, -Infinity]) {
      assert.isFalse(Schema.is(Json.Json)(value))
      assert.isFalse(Schema.is(Json.Numbers)({ value }))
      assert.isFalse(Schema.is(Document.Document)({ text: "", score: value }))
    }
    assert.isFalse(Schema.is(Ledger.Ledger.fields.enqueued)(0.5))
    assert.isFalse(Schema.is(Ledger.Ledger.fields.enqueued)(-1))
  })

  it("reads a time from a bigint or a rounded integer alone", () => {
    const decode = Schema.decodeUnknownOption(Nanoseconds.Nanoseconds)
    assert.strictEqual(
      Schema.decodeUnknownSync(Nanoseconds.Nanoseconds)(1_787_299_200_123_456_789n),
      1_787_299_200_123_456_789n
    )
    assert.strictEqual(Schema.decodeUnknownSync(Nanoseconds.Nanoseconds)(1.5e18), 1_500_000_000_000_000_000n)
    for (const bad of [1.5, NaN, Infinity, "1", null, undefined, -1, -1n, 2n ** 63n, 1e20]) {
      assert.strictEqual(decode(bad)._tag, "None")
    }
  })
})
