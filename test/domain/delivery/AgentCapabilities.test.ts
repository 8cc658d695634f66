import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import * as AgentCapabilities from "../../../src/domain/delivery/AgentCapabilities.ts"

const endpoints = ["/v0.3/traces", "/v0.4/traces", "/evp_proxy/v1/", "/evp_proxy/v2/", "/evp_proxy/v4/"]

const parse = (info: object): AgentCapabilities.AgentCapabilities => {
  const { value } = AgentCapabilities.parse({ endpoints, ...info }, "hash")
  return value!
}

const root = { resource: "GET /health", meta: { env: "prod", "http.method": "GET" } }

describe("AgentCapabilities", () => {
  it("reads an Agent's info answer", () => {
    const { problems, value } = AgentCapabilities.parse(
      {
        version: "7.85.1",
        endpoints,
        client_drop_p0s: true,
        span_meta_structs: true,
        config: { max_request_bytes: 1_000 },
        ignore_resources: ["GET /ping"],
        filter_tags: { require: ["env:prod"], reject: ["debug"] }
      },
      "hash"
    )
    assert.deepStrictEqual(problems, [])
    assert.strictEqual(value!.version, "7.85.1")
    assert.strictEqual(value!.stateHash, "hash")
    assert.strictEqual(value!.evpProxy, "/evp_proxy/v2")
    assert.strictEqual(value!.spanMetaStructs, true)
    assert.strictEqual(value!.clientDropP0s, true)
    assert.strictEqual(value!.maxRequestBytes, 1_000)
    assert.deepStrictEqual(value!.requireTags, [{ key: "env", value: "prod" }])
    assert.deepStrictEqual(value!.rejectTags, [{ key: "debug" }])
  })

  it("finds the EVP proxy with and without a slash, v2 before any other version", () => {
    const proxy = (...list: ReadonlyArray<string>) => parse({ endpoints: list }).evpProxy
    assert.strictEqual(proxy("/evp_proxy/v2"), "/evp_proxy/v2")
    assert.strictEqual(proxy("/evp_proxy/v4/", "/evp_proxy/v2/"), "/evp_proxy/v2")
    assert.strictEqual(proxy("/v0.4/traces", "/evp_proxy/v4/"), "/evp_proxy/v4")
    assert.strictEqual(proxy("/evp_proxy/v1/"), "/evp_proxy/v1")
    assert.strictEqual(proxy("/evp_proxy/v22/", "/other/evp_proxy/v2/"), undefined)
    assert.strictEqual(proxy(), undefined)
  })

  it("carries structs unless the Agent denies it or accepts no v0.4 payload", () => {
    assert.isTrue(AgentCapabilities.canCarry(parse({})))
    assert.isTrue(AgentCapabilities.canCarry(parse({ span_meta_structs: true })))
    assert.isTrue(AgentCapabilities.canCarry(parse({ span_meta_structs: "no" })))
    assert.isFalse(AgentCapabilities.canCarry(parse({ span_meta_structs: false })))
    assert.isFalse(AgentCapabilities.canCarry(parse({ endpoints: ["/v0.5/traces"] })))
  })

  it("filters roots by resource, anywhere in it", () => {
    assert.isTrue(AgentCapabilities.rootIsFiltered(parse({ ignore_resources: ["nope", "/health"] }), root))
    assert.isFalse(AgentCapabilities.rootIsFiltered(parse({ ignore_resources: ["^/health"] }), root))
    assert.isFalse(AgentCapabilities.rootIsFiltered(parse({}), root))
  })

  it("filters roots by tags, rejected and required, as texts and as patterns", () => {
    const filtered = (info: object) => AgentCapabilities.rootIsFiltered(parse(info), root)
    assert.isTrue(filtered({ filter_tags: { reject: ["env:prod"] } }))
    assert.isTrue(filtered({ filter_tags: { reject: ["env"] } }))
    assert.isFalse(filtered({ filter_tags: { reject: ["env:pro", "tier"] } }))
    assert.isFalse(filtered({ filter_tags: { require: ["env:prod", "http.method"] } }))
    assert.isTrue(filtered({ filter_tags: { require: ["env:prod", "tier"] } }))
    assert.isTrue(filtered({ filter_tags: { require: ["env:dev"] } }))
    assert.isTrue(filtered({ filter_tags_regex: { reject: ["env:^p.*d$"] } }))
    assert.isFalse(filtered({ filter_tags_regex: { reject: ["env:^d"] } }))
    assert.isFalse(filtered({ filter_tags_regex: { require: [" env : ^(prod|dev)$ "] } }))
    assert.isTrue(filtered({ filter_tags_regex: { require: ["env:^dev$"] } }))
    assert.isTrue(filtered({ filter_tags: { require: ["toString"] } }))
  })

  it("treats a pattern that it cannot run as one that drops the trace, and reports it", () => {
    const unreadable = String.raw`\pL`
    for (
      const info of [
        { ignore_resources: [unreadable] },
        { filter_tags_regex: { reject: [`env:${unreadable}`] } },
        { filter_tags_regex: { require: [`env:${unreadable}`] } }
      ]
    ) {
      const { problems, value } = AgentCapabilities.parse({ endpoints, ...info })
      assert.isTrue(AgentCapabilities.rootIsFiltered(value!, root), JSON.stringify(info))
      assert.deepStrictEqual(problems.map((p) => p.code), ["unreadable_value"])
    }
    const elsewhere = parse({ filter_tags_regex: { reject: [`tier:${unreadable}`] } })
    assert.isFalse(AgentCapabilities.rootIsFiltered(elsewhere, root))
  })

  describe("the pattern work for one trace", () => {
    const resource = `GET /${"a".repeat(4_800)}`
    const thousand = (pattern: (i: number) => string) => Array.from({ length: 1_000 }, (_, i) => pattern(i))
    const work = (
      info: object,
      root: { readonly resource: string; readonly meta: { readonly [key: string]: string } }
    ) => {
      const capabilities = parse(info)
      let steps = 0
      const counted = {
        ...capabilities,
        ignoreResources: capabilities.ignoreResources.map((pattern) =>
          "matches" in pattern
            ? {
              ...pattern,
              matches: (...[text, left]: Parameters<typeof pattern.matches>) => {
                const before = left.left
                const found = pattern.matches(text, left)
                steps += before - left.left
                return found
              }
            }
            : pattern
        )
      }
      return { filtered: AgentCapabilities.rootIsFiltered(counted, root), steps }
    }

    it("bounds the pattern work for one trace, and treats a trace above it as filtered", () => {
      const { filtered, steps } = work({ ignore_resources: thousand((i) => `^(a|aa)+$|x${i}`) }, { ...root, resource })
      assert.isTrue(filtered)
      assert.isBelow(steps, AgentCapabilities.maxWork * 1.1)
    })

    it("has enough work for a thousand literals over a long resource, and a thousand patterns over a usual one", () => {
      const literals = { ignore_resources: thousand((i) => `/health/${i}`) }
      assert.isFalse(work(literals, { ...root, resource }).filtered)
      const patterns = { ignore_resources: thousand((i) => `^GET /health/${i}$`) }
      assert.isFalse(work(patterns, { ...root, resource: "GET /users/:id/orders" }).filtered)
      assert.isTrue(work(patterns, { ...root, resource: "GET /health/999" }).filtered)
    })

    it.each([
      ["rejects by tag", { filter_tags_regex: { reject: thousand((i) => `long:^(a|aa)+$|x${i}`) } }],
      ["requires tags", { filter_tags_regex: { require: thousand((i) => `long:^(a|b)*$|x${i}`) } }]
    ])("treats a trace above the work bound as filtered when the Agent %s", (_, info) => {
      assert.isTrue(AgentCapabilities.rootIsFiltered(parse(info), { ...root, meta: { long: "ab".repeat(2_400) } }))
    })
  })

  for (const info of [undefined, null, "OK", 7, [], {}, { endpoints: "all" }]) {
    it(`refuses any other value as an Agent's info: ${JSON.stringify(info)}`, () => {
      const { problems, value } = AgentCapabilities.parse(info)
      assert.isUndefined(value)
      assert.strictEqual(problems.length, 1)
    })
  }

  it("uses the default for an invalid maximum request size", () => {
    for (const max of [0, -1, 1.5, "9", NaN, undefined]) {
      assert.strictEqual(parse({ config: { max_request_bytes: max } }).maxRequestBytes, 26_214_400)
    }
    assert.strictEqual(parse({ config: null }).maxRequestBytes, 26_214_400)
  })

  it.prop(
    "parses any value without throwing",
    [Schema.Record(Schema.String, Schema.Unknown), Schema.Unknown, Schema.Unknown],
    ([info, a, b]) => {
      const capabilities = parse({
        ...info,
        ignore_resources: [a, b],
        filter_tags: a,
        filter_tags_regex: { require: b, reject: [a] },
        config: b
      })
      assert.isBoolean(AgentCapabilities.rootIsFiltered(capabilities, root))
    }
  )
})
