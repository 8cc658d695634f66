import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import * as Schema from "effect/Schema"
import * as SpanEvents from "../../src/domain/event/SpanEvent.ts"
import * as WireFormats from "../../src/domain/event/WireFormat.ts"
import * as SpanRecordSchema from "../../src/domain/schema/SpanRecord.ts"
import * as Decisions from "../../src/layers/Decisions.ts"
import { makeContext, makeRecord, process } from "../domain/Records.ts"

const facts = {
  llm: true,
  claim: "none",
  record: true,
  mode: "apm-agent",
  canRide: true,
  structBytes: 900,
  priority: 1,
  filtered: false
}

const run = <A, E>(program: Effect.Effect<A, E, Decisions.Diagnostics>): A =>
  Effect.runSync(Effect.provide(program, Decisions.layerLog))

/** A plain value, as another process would send it: bigints are integers there. */
const record = makeRecord({ annotation: { input: "Where is my parcel?" } })
const encoded = Schema.encodeSync(SpanRecordSchema.SpanRecord)(record)
const tagsInput = {
  process,
  service: "shop",
  context: makeContext(),
  annotated: { team: "ops" },
  agentVersion: undefined
}

interface Case {
  readonly decision: {
    readonly Output: Schema.Constraint
    readonly decodeAndDecide: (
      input: unknown
    ) => Effect.Effect<unknown, Schema.SchemaError, Decisions.Diagnostics>
  }
  readonly input: unknown
}

const decisions: { readonly [name: string]: Case } = {
  event: { decision: Decisions.event, input: { record: encoded, format: WireFormats.table["llmobs-intake"] } },
  tags: { decision: Decisions.tags, input: tagsInput },
  wireForm: { decision: Decisions.wireForm, input: { route: "offer" } },
  rescue: { decision: Decisions.rescue, input: facts }
}

describe("Decisions", () => {
  for (const [name, { decision, input }] of Object.entries(decisions)) {
    it(`gives the output of the Schema for decoded input: ${name}`, () => {
      const output = run(decision.decodeAndDecide(input))
      assert.isTrue(Schema.is(decision.Output as Schema.Codec<unknown>)(output))
    })

    it(`fails for input that is not an object, without throwing: ${name}`, () => {
      for (const bad of [undefined, null, 1, "x", []]) {
        const error = run(Effect.flip(decision.decodeAndDecide(bad)))
        assert.strictEqual(error._tag, "SchemaError")
      }
    })
  }

  it("decides on a decoded record as the plain function does", () => {
    const format = WireFormats.table["llmobs-intake"]
    assert.deepStrictEqual(
      run(Decisions.event.decodeAndDecide({ record: encoded, format })),
      SpanEvents.render(record, format)
    )
    assert.deepStrictEqual(run(Decisions.event.decide({ record, format })), SpanEvents.render(record, format))
  })

  it("names every wrong place, and none of the values", () => {
    const secret = "sk-secret"
    const input = {
      record: { ...encoded, durationNs: secret, context: { ...encoded.context, kind: secret } },
      format: { ...WireFormats.table["evp-proxy"], road: secret }
    }
    const { message } = run(Effect.flip(Decisions.event.decodeAndDecide(input)))
    assert.include(message, `["record"]["durationNs"]`)
    assert.include(message, `["record"]["context"]["kind"]`)
    assert.include(message, `["format"]["road"]`)
    assert.notInclude(message, secret)
  })

  it("follows the settings, and logs a problem once", () => {
    const lines: Array<unknown> = []
    const logger = Logger.make<unknown, void>(({ message }) => {
      lines.push(message)
    })
    const program = Effect.all([
      Decisions.wireForm.decide({ route: "ride" }),
      Decisions.wireForm.decide({ route: "ride" })
    ]).pipe(
      Effect.provideService(Decisions.ExportSettings, { mode: "apm-agent", apiVersion: "v0.5", maxEventBytes: 1 }),
      Effect.provide(Decisions.layerLog),
      Effect.provide(Logger.layer([logger]))
    )
    assert.deepStrictEqual(Effect.runSync(program).map(({ road }) => road), ["trace-agent", "trace-agent"])
    assert.lengthOf(lines, 1)
    assert.include(String(lines[0]), "invalid_setting")
  })
})
