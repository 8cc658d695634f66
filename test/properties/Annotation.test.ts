import { assert, describe, it } from "@effect/vitest"
import * as Arbitrary from "effect/Arbitrary"
import * as Schema from "effect/Schema"
import * as SpanMeta from "../../src/domain/event/SpanMeta.ts"
import * as AnnotationSchema from "../../src/domain/schema/Annotation.ts"
import * as SpanKindSchema from "../../src/domain/schema/SpanKind.ts"
import * as Annotation from "../../src/domain/span/Annotation.ts"
import type { SpanKind } from "../../src/domain/span/SpanKind.ts"
import * as SpanRecord from "../../src/domain/span/SpanRecord.ts"
import { makeContext } from "../domain/Records.ts"

// Few keys, so that two annotations name the same ones.
const few = <A>(value: Schema.Codec<A>) =>
  Arbitrary.map(
    Arbitrary.schema(Schema.Array(Schema.Tuple([Schema.Literals(["a", "b", "c"]), value]))),
    (entries) => Object.fromEntries(entries) as { readonly [key: string]: A }
  )

const said: Arbitrary.Arbitrary<Annotation.AnnotationInput> = Arbitrary.map(
  Arbitrary.all([
    Arbitrary.schema(AnnotationSchema.AnnotationInput),
    Arbitrary.schema(Schema.Boolean),
    few(Schema.Finite),
    few(Schema.Finite),
    few(Schema.String)
  ]),
  ([any, plain, metadata, metrics, tags]) => plain ? { ...any, metadata, metrics, tags } : any
)

const three = Arbitrary.all([
  Arbitrary.schema(SpanKindSchema.SpanKind),
  said,
  said,
  said
])

/** Every part of an annotation that is ever written. */
const rendered = (kind: SpanKind, annotation: Annotation.Annotation) => {
  const record = SpanRecord.finish({
    context: makeContext({ kind }),
    startNs: 1n,
    durationNs: 1,
    modelName: undefined,
    modelProvider: undefined,
    annotation,
    tags: annotation.tags ?? {},
    ancestor: undefined,
    error: undefined
  })
  return {
    meta: SpanMeta.render(record, { metaError: true }),
    metrics: annotation.metrics,
    tags: annotation.tags,
    links: annotation.spanLinks,
    config: annotation.config,
    name: annotation.name,
    sessionId: annotation.sessionId,
    userId: annotation.userId,
    accountId: annotation.accountId,
    agentVersion: annotation.agentVersion,
    bytes: annotation.bytes
  }
}

/** A side as the event has it: its tag is ours alone. */
const side = (io: Annotation.SpanIo | undefined) => io === undefined ? undefined : { documents: io.value }

describe("Annotation.combine", () => {
  it.prop("has the empty annotation as its unit", [three], ([[kind, input]]) => {
    const a = Annotation.parse(kind, input).value
    for (const empty of [Annotation.empty, { bytes: 0 }, Annotation.parse(kind, {}).value]) {
      assert.deepStrictEqual(Annotation.combine(empty, a), a)
      assert.deepStrictEqual(Annotation.combine(a, empty), a)
    }
  })

  it.prop("combines annotations associatively", [three], ([[kind, ...inputs]]) => {
    const [a, b, c] = inputs.map((input) => Annotation.parse(kind, input).value) as [
      Annotation.Annotation,
      Annotation.Annotation,
      Annotation.Annotation
    ]
    const left = Annotation.combine(Annotation.combine(a, b), c)
    const right = Annotation.combine(a, Annotation.combine(b, c))
    assert.deepStrictEqual(left, right)
    assert.deepStrictEqual(rendered(kind, left), rendered(kind, right))
  }, { arbitrary: { runs: 300 } })

  it.prop(
    "is idempotent but for lists, which accumulate",
    [three],
    ([[kind, input]]) => {
      const a = Annotation.parse(kind, { ...input, spanLinks: undefined, costTags: undefined }).value
      const { bytes: _, ...twice } = rendered(kind, Annotation.combine(a, a))
      const { bytes: __, ...once } = rendered(kind, a)
      assert.deepStrictEqual(twice, once)
    }
  )

  it.prop(
    "prefers the later of two annotations, key by key, and changes neither in place",
    [three],
    ([[kind, x, y]]) => {
      const [a, b] = [Annotation.parse(kind, x).value, Annotation.parse(kind, y).value]
      const before = structuredClone([a, b])
      const both = Annotation.combine(a, b)
      assert.deepStrictEqual([a, b], before)
      for (const field of ["metadata", "metrics", "tags"] as const) {
        for (const key of Object.keys(both[field] ?? {})) {
          const from = b[field] !== undefined && Object.hasOwn(b[field], key) ? b[field] : a[field]
          assert.deepStrictEqual(both[field]![key], from![key])
        }
      }
      for (const field of ["input", "output", "sessionId", "userId", "accountId", "name"] as const) {
        assert.deepStrictEqual(both[field], b[field] ?? a[field])
      }
    }
  )

  it.prop(
    "bounds the written size by the annotation's bytes",
    [Arbitrary.array(said), SpanKindSchema.SpanKind],
    ([inputs, kind]) => {
      const all = inputs.map((input) => Annotation.parse(kind, input).value).reduce(
        Annotation.combine,
        Annotation.empty
      )
      const { bytes, input, output, ...content } = all
      const written = JSON.stringify({ ...content, input: side(input), output: side(output) })
      assert.isAtLeast(bytes + 2, Buffer.byteLength(written))
    }
  )
})
