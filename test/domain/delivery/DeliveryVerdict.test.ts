import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import type { Endpoint, Verdict } from "../../../src/domain/delivery/DeliveryVerdict.ts"
import * as DeliveryVerdict from "../../../src/domain/delivery/DeliveryVerdict.ts"

const endpoints = ["agent-traces", "agent-evp", "intake"] as const
// 21 October 2026, 07:28:00 UTC.
const now = 1_792_567_680_000

const tag = (endpoint: Endpoint, status: number) => DeliveryVerdict.ofStatus(endpoint, status, {}, now)._tag

describe("DeliveryVerdict", () => {
  it.each<readonly [number, Verdict["_tag"], Verdict["_tag"], Verdict["_tag"]]>([
    [200, "Delivered", "Delivered", "Delivered"],
    [202, "Delivered", "Delivered", "Delivered"],
    [301, "Refuse", "Pause", "Pause"],
    [400, "Split", "Split", "Split"],
    [401, "Refuse", "Pause", "Pause"],
    [403, "Refuse", "Pause", "Pause"],
    [404, "Rediscover", "Rediscover", "Split"],
    [405, "Rediscover", "Rediscover", "Split"],
    [408, "Retry", "Retry", "Retry"],
    [413, "Split", "Split", "Split"],
    [415, "Split", "Split", "Split"],
    [422, "Split", "Split", "Split"],
    [425, "Retry", "Retry", "Retry"],
    [429, "Retry", "Retry", "Retry"],
    [500, "Retry", "Retry", "Retry"],
    [502, "Ambiguous", "Ambiguous", "Ambiguous"],
    [503, "Retry", "Retry", "Retry"],
    [504, "Ambiguous", "Ambiguous", "Ambiguous"]
  ])(
    "gives a status its verdict for traces, the proxy and the intake: %d is %s, %s, %s",
    (status, ...expected) => {
      assert.deepStrictEqual(endpoints.map((d) => tag(d, status)), expected, String(status))
    }
  )

  it("delivers on 2xx alone, and has a verdict for every number", () => {
    for (let status = 0; status <= 700; status++) {
      for (const endpoint of endpoints) {
        const verdict = tag(endpoint, status)
        assert.strictEqual(verdict === "Delivered", status >= 200 && status <= 299, `${endpoint} ${status}`)
      }
    }
    assert.strictEqual(tag("intake", NaN), "Ambiguous")
  })

  it("treats no 4xx as ambiguous, so that another route stays possible", () => {
    for (let status = 400; status <= 499; status++) {
      for (const endpoint of endpoints) {
        assert.isTrue(DeliveryVerdict.isDefinite(DeliveryVerdict.ofStatus(endpoint, status, {}, now)))
      }
    }
    assert.isFalse(DeliveryVerdict.isDefinite(DeliveryVerdict.ofStatus("intake", 502, {}, now)))
    assert.isFalse(DeliveryVerdict.isDefinite(DeliveryVerdict.ofStatus("intake", 200, {}, now)))
  })

  it("refuses several events at once for no 4xx", () => {
    for (let status = 400; status <= 499; status++) {
      for (const endpoint of ["agent-evp", "intake"] as const) assert.notStrictEqual(tag(endpoint, status), "Refuse")
    }
  })

  it("treats a failure as definite only when no byte was sent", () => {
    assert.deepStrictEqual(DeliveryVerdict.ofFailure(false), { _tag: "Retry", afterMillis: undefined })
    assert.deepStrictEqual(DeliveryVerdict.ofFailure(true), { _tag: "Ambiguous", afterMillis: undefined })
  })

  it.each<readonly [DeliveryVerdict.Headers, number | undefined]>([
    [{}, undefined],
    [{ "retry-after": "3" }, 3_000],
    [{ "retry-after": " 0 " }, 0],
    [{ "retry-after": "0.5" }, 500],
    [{ "retry-after": "999999" }, 300_000],
    [{ "retry-after": "-1" }, undefined],
    [{ "retry-after": "soon" }, undefined],
    [{ "retry-after": "9".repeat(400) }, undefined],
    [{ "retry-after": "Wed, 21 Oct 2026 07:28:10 GMT" }, 10_000],
    [{ "retry-after": "Wed, 21 Oct 2026 07:27:00 GMT" }, 0],
    [{ "retry-after": "Wed, 21 Oct 2099 07:28:00 GMT" }, 300_000],
    [{ "retry-after": "Wed, 21 Xyz 2026 07:28:10 GMT" }, undefined],
    [{ "x-ratelimit-reset": "7" }, 7_000],
    [{ "x-ratelimit-reset": "1792567685" }, 5_000],
    [{ "retry-after": "2", "x-ratelimit-reset": "7" }, 2_000],
    [{ "retry-after": "soon", "x-ratelimit-reset": "7" }, 7_000]
  ])("reads the wait from the headers: %j is %s ms", (headers, expected) => {
    assert.strictEqual(DeliveryVerdict.afterMillis(headers, now), expected, JSON.stringify(headers).slice(0, 60))
  })

  it("puts the wait of a retry-after header into its verdict", () => {
    assert.deepStrictEqual(DeliveryVerdict.ofStatus("intake", 429, { "retry-after": "3" }, now), {
      _tag: "Retry",
      afterMillis: 3_000
    })
    assert.deepStrictEqual(DeliveryVerdict.ofStatus("intake", 403, { "retry-after": "3" }, now), {
      _tag: "Pause",
      afterMillis: 3_000
    })
  })

  it.prop(
    "reads every HTTP date as JavaScript does",
    [Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 4_102_444_800 }))],
    ([seconds]) => {
      const text = new Date(seconds * 1_000).toUTCString()
      assert.strictEqual(DeliveryVerdict.afterMillis({ "retry-after": text }, seconds * 1_000 - 1_000), 1_000)
    },
    { arbitrary: { runs: 500 } }
  )

  it.prop("waits between zero and the bound, whatever the headers", [Schema.String, Schema.String], ([a, b]) => {
    const millis = DeliveryVerdict.afterMillis({ "retry-after": a, "x-ratelimit-reset": b }, now)
    assert.isTrue(millis === undefined || (millis >= 0 && millis <= DeliveryVerdict.maxAfterMillis))
  })
})
