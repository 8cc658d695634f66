import { assert, describe, it } from "@effect/vitest"
import * as Datadog from "../../../src/domain/propagation/DatadogHeaders.ts"
import * as Headers from "../../../src/domain/propagation/HeaderLookup.ts"
import { HostileText } from "../HostileText.ts"

const extract = (headers: Record<string, string>, max?: number) => Datadog.extract(Headers.fromRecord(headers), max)

describe("DatadogHeaders", () => {
  it("reads a whole set of Datadog headers", () => {
    const { problems, value } = extract({
      "x-datadog-trace-id": "123456789",
      "x-datadog-parent-id": "987654321",
      "x-datadog-sampling-priority": "2",
      "x-datadog-origin": "synthetics;=web,z",
      "x-datadog-tags": "_dd.p.dm=-4,_dd.p.tid=640cfd8d00000000,_dd.p.usr.id=baz64==,other=1"
    })
    assert.deepStrictEqual(problems, [])
    assert.deepStrictEqual(value, {
      traceId: "640cfd8d00000000000000000" + (123456789).toString(16),
      parentId: "000000003ade68b1",
      priority: 2,
      origin: "synthetics;=web,z",
      tags: new Map([["_dd.p.dm", "-4"], ["_dd.p.usr.id", "baz64=="]]),
      propagationError: undefined
    })
  })

  const ids: ReadonlyArray<readonly [string | undefined, string | undefined, boolean]> = [
    ["1", "1", true],
    ["1", undefined, true],
    ["1", "0", true],
    ["18446744073709551615", "1", true],
    [undefined, "1", false],
    ["0", "0", false],
    ["-1", "1", false],
    ["18446744073709551616", "1", false],
    ["abc", "1", false],
    ["1", "abc", false],
    ["1,2", "1", false]
  ]
  for (const [traceId, parentId, valid] of ids) {
    it(`requires a valid trace id and a numeric parent id: ${traceId} and ${parentId} are ${valid ? "valid" : "invalid"}`, () => {
      const headers = Headers.fromRecord({ "X-Datadog-Trace-Id": traceId, "X-Datadog-Parent-Id": parentId })
      assert.strictEqual(Datadog.extract(headers).value !== undefined, valid, `${traceId} ${parentId}`)
    })
  }

  for (const tid of ["1234567890abcdef1", "1234567890abcde", "1234567890abcdeX", "1234567890ABCDEF"]) {
    it(`leaves out a malformed high half of the trace id, and reports it: ${tid}`, () => {
      const { problems, value } = extract({ "x-datadog-trace-id": "1", "x-datadog-tags": `_dd.p.tid=${tid},_dd.p.a=b` })
      assert.strictEqual(value!.traceId, "0".repeat(31) + "1", tid)
      assert.strictEqual(value!.propagationError, "malformed_tid")
      assert.deepStrictEqual([...value!.tags], [["_dd.p.a", "b"]])
      assert.strictEqual(problems.length, 1)
    })
  }

  it("drops only the malformed headers", () => {
    const { problems, value } = extract({
      "x-datadog-trace-id": "1",
      "x-datadog-sampling-priority": "two",
      "x-datadog-origin": "caf\u00e9",
      "x-datadog-tags": "_dd.p.dm=nonsense,broken,_dd.p.llmobs_sid=s-1,_dd.p.e=,_dd.p.upstream_services=x"
    })
    assert.strictEqual(value!.priority, undefined)
    assert.strictEqual(value!.origin, undefined)
    assert.deepStrictEqual([...value!.tags], [["_dd.p.llmobs_sid", "s-1"]])
    assert.strictEqual(value!.propagationError, "decoding_error")
    assert.strictEqual(problems.length, 3)
  })

  it("discards tags above the length limit, and honours a higher limit", () => {
    const tags = "_dd.p.a=" + "x".repeat(505)
    assert.strictEqual(tags.length, 513)
    const { value } = extract({ "x-datadog-trace-id": "1", "x-datadog-tags": tags })
    assert.strictEqual(value!.tags.size, 0)
    assert.strictEqual(value!.propagationError, "extract_max_size")
    assert.strictEqual(extract({ "x-datadog-trace-id": "1", "x-datadog-tags": tags }, 1_024).value!.tags.size, 1)
    assert.strictEqual(extract({ "x-datadog-trace-id": "1", "x-datadog-tags": tags.slice(1) }, 0).value!.tags.size, 0)
    assert.strictEqual(extract({ "x-datadog-trace-id": "1", "x-datadog-tags": "_dd.p.a=b" }, 0).value!.tags.size, 1)
  })

  it.prop("reads hostile headers without throwing", [HostileText, HostileText], ([tags, origin]) => {
    const { value } = Datadog.extract((name) =>
      name === "x-datadog-tags" ? tags : name === "x-datadog-origin" ? origin : "7"
    )
    assert.isDefined(value)
    for (const [key, tag] of value!.tags) assert.match(`${key}=${tag}`, /^_dd\.p\.[\x21-\x7e]+=[\x20-\x7e]+$/)
  })

  it.prop("reads hostile ids without throwing", [HostileText], ([text]) => {
    const { value } = Datadog.extract(() => text)
    assert.isTrue(value === undefined || /^[0-9a-f]{32}$/.test(value.traceId))
  })
})
