import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { gzipSync } from "node:zlib"
import * as Intake from "../../../src/adapters/devagent/Intake.ts"

const judge = (kind: Intake.Kind | undefined, body: string | Uint8Array, encoding?: string) =>
  Effect.promise(() => Intake.judge(kind, typeof body === "string" ? new TextEncoder().encode(body) : body, encoding))

const ofSize = (bytes: number): string => `[{"spans":[]}]${" ".repeat(bytes - 14)}`

describe("Intake", () => {
  it("reads integers exactly and leaves other numbers alone", () => {
    const text =
      "{\"a\":1790000000123456789,\"b\":9007199254740991,\"c\":-9007199254740993,\"d\":1.5,\"e\":1e300,\"f\":\"9007199254740993\"}"
    assert.deepStrictEqual(Intake.parseJson(text)?.value, {
      a: 1790000000123456789n,
      b: 9007199254740991,
      c: -9007199254740993n,
      d: 1.5,
      e: 1e300,
      f: "9007199254740993"
    })
    assert.strictEqual(Intake.parseJson("9".repeat(1000))?.value, Infinity)
  })

  it("survives deep and hostile JSON", () => {
    const deep = "[".repeat(1_000_000) + "]".repeat(1_000_000)
    assert.isUndefined(Intake.parseJson(deep))
    const value = Intake.parseJson("{\"__proto__\":{\"polluted\":true}}")?.value
    assert.deepStrictEqual(Object.keys(value as object), ["__proto__"])
    assert.isUndefined(({} as { readonly polluted?: unknown }).polluted)
  })

  it.effect("accepts span events, one or many to an envelope, in a list or alone", () =>
    Effect.gen(function*() {
      const many = yield* judge(
        "spans",
        "[{\"event_type\":\"span\",\"spans\":[{\"name\":\"a\"},{\"name\":\"b\"}]},{\"spans\":[]}]"
      )
      assert.strictEqual(many.status, 202)
      assert.deepStrictEqual(many.events.map(({ event }) => event["name"]), ["a", "b"])
      assert.strictEqual(many.events[0]?.envelope["event_type"], "span")
      const one = yield* judge("spans", "{\"spans\":[{\"name\":\"a\"}]}")
      assert.strictEqual(one.events.length, 1)
    }))

  it.effect("answers 400 to a body that is not JSON or has the wrong shape", () =>
    Effect.gen(function*() {
      for (
        const body of ["", "nonsense", "[{\"spans\":[]}", "5", "[5]", "[{}]", "[{\"spans\":{}}]", "[{\"spans\":[5]}]"]
      ) {
        assert.strictEqual((yield* judge("spans", body)).status, 400, body)
      }
      for (const body of ["[]", "{}", "{\"data\":{\"attributes\":{\"metrics\":5}}}"]) {
        assert.strictEqual((yield* judge("evaluations", body)).status, 400, body)
      }
    }))

  it.effect("accepts evaluations", () =>
    Effect.gen(function*() {
      const verdict = yield* judge(
        "evaluations",
        "{\"data\":{\"type\":\"evaluation_metric\",\"attributes\":{\"metrics\":[{\"label\":\"a\"},{\"label\":\"b\"}]}}}"
      )
      assert.strictEqual(verdict.status, 202)
      assert.strictEqual(verdict.evaluations, 2)
    }))

  it.effect("accepts 5,242,880 bytes and not one more, compressed or not", () =>
    Effect.gen(function*() {
      assert.strictEqual((yield* judge("spans", ofSize(Intake.maxBytes))).status, 202)
      assert.strictEqual((yield* judge("spans", ofSize(Intake.maxBytes + 1))).status, 413)
      assert.strictEqual((yield* judge("spans", gzipSync(ofSize(Intake.maxBytes)), "gzip")).status, 202)
      assert.strictEqual((yield* judge("spans", gzipSync(ofSize(Intake.maxBytes + 1)), "gzip")).status, 413)
    }))

  it.effect("unpacks gzip and refuses other or broken compressions", () =>
    Effect.gen(function*() {
      const packed = gzipSync("[{\"spans\":[{\"name\":\"a\"}]}]")
      assert.strictEqual((yield* judge("spans", packed, "gzip")).events.length, 1)
      assert.strictEqual((yield* judge("spans", packed)).status, 400)
      assert.strictEqual((yield* judge("spans", packed.subarray(0, 20), "gzip")).status, 400)
      assert.strictEqual((yield* judge("spans", packed, "br")).status, 400)
    }))

  it.effect("accepts each path under its own subdomain alone", () =>
    Effect.gen(function*() {
      assert.strictEqual(Intake.find("/api/v2/llmobs", "llmobs-intake"), "spans")
      assert.strictEqual(Intake.find("/api/intake/llm-obs/v2/eval-metric", "api"), "evaluations")
      assert.isUndefined(Intake.find("/api/v2/llmobs", "api"))
      assert.strictEqual(Intake.findDirect("/base/path/api/v2/llmobs"), "spans")
      assert.isUndefined(Intake.findDirect("/api/v2/llmobs/more"))
      assert.strictEqual((yield* judge(undefined, "{}")).status, 404)
    }))
})
