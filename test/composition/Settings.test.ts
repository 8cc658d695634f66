import { assert, describe, it } from "@effect/vitest"
import * as Redacted from "effect/Redacted"
import type * as Options from "../../src/composition/Options.ts"
import * as Settings from "../../src/composition/Settings.ts"
import * as Observed from "../layers/Observed.ts"

type Variables = { readonly [K in Settings.Variable]?: string }

const resolve = (variables: Variables = {}, options: Options.Options = {}, socketExists = false) =>
  Settings.resolve(options, (name) => variables[name], { socketExists })

/** What a variable sets: a good value, where it shows and as what, and a value that nobody can mean. */
interface Row {
  readonly good: string
  readonly path: string
  readonly value: unknown
  /** Absent where every text means something. */
  readonly bad?: string
  /** Other variables that it needs to show. */
  readonly beside?: Variables
}

const rules = JSON.stringify([{ sample_rate: 0.5 }])

const table: { readonly [K in Settings.Variable]?: Row } = {
  DD_LLMOBS_ENABLED: { good: "0", path: "enabled", value: false, bad: "perhaps" },
  DD_LLMOBS_ML_APP: { good: "shop", path: "mlApp", value: "shop" },
  DD_LLMOBS_AGENTLESS_ENABLED: { good: " TRUE ", path: "agentless", value: true, bad: "2" },
  DD_LLMOBS_SAMPLE_RATE: { good: "0.25", path: "retention.sampleRate", value: 0.25, bad: "1.5" },
  DD_LLMOBS_SAMPLING_RULES: { good: rules, path: "retention.rules.length", value: 1, bad: "[" },
  DD_LLMOBS_OVERRIDE_ORIGIN: { good: "http://a.b:1", path: "overrideOrigin", value: "http://a.b:1", bad: "nonsense" },
  DD_LLMOBS_EVENT_SIZE_BYTES: { good: "1000", path: "maxEventBytes", value: 1000, bad: "-1" },
  DD_LLMOBS_PAYLOAD_SIZE_BYTES: { good: "1000", path: "maxPayloadBytes", value: 1000, bad: "many" },
  _DD_LLMOBS_WRITER_INTERVAL: { good: "2.5", path: "flushIntervalMillis", value: 2_500, bad: "0" },
  _DD_LLMOBS_WRITER_TIMEOUT: { good: "3", path: "requestTimeoutMillis", value: 3_000, bad: "Infinity" },
  _DD_TRACE_WRITER_ADDITIONAL_HEADERS: { good: "X-A: 1, x-b:2", path: "headers", value: { "x-a": "1", "x-b": "2" } },
  _DD_APM_TRACING_AGENTLESS_ENABLED: { good: "1", path: "apmAgentless", value: true, bad: "on" },
  DD_SERVICE: { good: "api", path: "service", value: "api" },
  DD_ENV: { good: "prod", path: "env", value: "prod" },
  DD_VERSION: { good: "1.2", path: "version", value: "1.2" },
  DD_TAGS: { good: "team:ops,tier:1", path: "ddTags", value: { team: "ops", tier: "1" } },
  DD_SITE: {
    good: "datadoghq.eu",
    path: "site.value.llmobsHost",
    value: "llmobs-intake.datadoghq.eu",
    bad: "evil.example"
  },
  DD_TRACE_AGENT_URL: { good: "https://agent:9/x/", path: "agentUrl.basePath", value: "/x", bad: "ftp://agent" },
  DD_AGENT_HOST: { good: "agent", path: "agentUrl.host", value: "agent", bad: "a b" },
  DD_TRACE_AGENT_HOSTNAME: { good: "agent", path: "agentUrl.host", value: "agent", bad: "a/b" },
  DD_TRACE_AGENT_PORT: { good: "9126", path: "agentUrl.port", value: 9126, bad: "70000" },
  DD_TRACE_AGENT_TIMEOUT_SECONDS: { good: "4", path: "agentTimeoutMillis", value: 4_000, bad: "soon" },
  DD_PROXY_HTTPS: { good: "http://p:1", path: "proxy", value: "http://p:1", beside: { HTTPS_PROXY: "http://q:1" } },
  HTTPS_PROXY: { good: "http://p:1", path: "proxy", value: "http://p:1", beside: { https_proxy: "http://q:1" } },
  https_proxy: { good: "http://p:1", path: "proxy", value: "http://p:1" },
  DD_PROXY_NO_PROXY: { good: "a.test,.b.test", path: "noProxy", value: ["a.test", ".b.test"] },
  NO_PROXY: { good: "a.test", path: "noProxy", value: ["a.test"], beside: { no_proxy: "b.test" } },
  no_proxy: { good: "a.test", path: "noProxy", value: ["a.test"] },
  DD_TRACE_ENABLED: { good: "false", path: "apm", value: "off", bad: "no" },
  DD_APM_TRACING_ENABLED: { good: "0", path: "apm", value: "off", bad: "never" },
  DD_TRACE_SAMPLING_RULES: { good: rules, path: "sampling.rules.length", value: 1, bad: "{}" },
  DD_TRACE_SAMPLE_RATE: { good: "0", path: "sampling.sampleRate", value: 0, bad: "2" },
  DD_TRACE_RATE_LIMIT: { good: "7", path: "sampling.rateLimit", value: 7, bad: "fast" },
  DD_TRACE_PARTIAL_FLUSH_ENABLED: { good: "false", path: "partialFlushMinSpans", value: Infinity, bad: "x" },
  DD_TRACE_PARTIAL_FLUSH_MIN_SPANS: { good: "50", path: "partialFlushMinSpans", value: 50, bad: "0" },
  DD_TRACE_PROPAGATION_STYLE: { good: "b3", path: "propagation.stylesInject", value: ["b3"], bad: "pigeon" },
  DD_TRACE_PROPAGATION_STYLE_EXTRACT: {
    good: "b3multi,datadog",
    path: "propagation.stylesExtract",
    value: ["b3multi", "datadog"],
    bad: "pigeon",
    beside: { DD_TRACE_PROPAGATION_STYLE: "b3" }
  },
  DD_TRACE_PROPAGATION_STYLE_INJECT: {
    good: "none",
    path: "propagation.stylesInject",
    value: [],
    bad: "pigeon",
    beside: { DD_TRACE_PROPAGATION_STYLE: "b3" }
  },
  DD_TRACE_PROPAGATION_EXTRACT_FIRST: { good: "1", path: "propagation.extractFirst", value: true, bad: "y" },
  DD_TRACE_PROPAGATION_BEHAVIOR_EXTRACT: {
    good: "RESTART",
    path: "propagation.behaviorExtract",
    value: "restart",
    bad: "forget"
  },
  DD_TRACE_BAGGAGE_TAG_KEYS: { good: "a, b", path: "propagation.baggageTagKeys", value: ["a", "b"] },
  DD_TRACE_X_DATADOG_TAGS_MAX_LENGTH: {
    good: "0",
    path: "propagation.xDatadogTagsMaxLength",
    value: 0,
    bad: "513"
  },
  DD_TRACE_128_BIT_TRACEID_GENERATION_ENABLED: { good: "0", path: "traceIdBits", value: 64, bad: "64" },
  DD_GIT_REPOSITORY_URL: {
    good: "https://user:word@git.example/a.git",
    path: "git.repositoryUrl",
    value: "https://git.example/a.git"
  },
  DD_GIT_COMMIT_SHA: { good: "abc", path: "git.commitSha", value: "abc" },
  DD_TRACE_GIT_METADATA_ENABLED: {
    good: "0",
    path: "git",
    value: {},
    bad: "off",
    beside: { DD_GIT_COMMIT_SHA: "abc" }
  }
}

// A key is never shown, and the payload's format is never changed: each has a test of its own.
const elsewhere: ReadonlyArray<Settings.Variable> = ["DD_API_KEY", "DD_TRACE_API_VERSION"]

describe("Settings", () => {
  it("reads every variable that it says it reads", () => {
    assert.deepStrictEqual([...Object.keys(table), ...elsewhere].sort(), [...Settings.variables].sort())
  })

  for (const name of Object.keys(table) as Array<Settings.Variable>) {
    const { bad, beside, good, path, value } = table[name]!

    it(`${name} sets ${path}`, () => {
      const set = resolve({ ...beside, [name]: good })
      assert.deepStrictEqual(set.problems, [])
      assert.deepStrictEqual(Observed.at(set.value, path), value)
      assert.notDeepEqual(Observed.at(resolve(beside).value, path), value, "it is not the default")
    })

    if (bad !== undefined) {
      it(`${name} that cannot be read warns without showing it, and the default holds`, () => {
        const { problems, value: settings } = resolve({ ...beside, [name]: bad })
        const without = resolve().value
        assert.strictEqual(problems.length, 1)
        assert.strictEqual(problems[0]!.code, "invalid_setting")
        assert.isFalse(bad.length > 2 && problems[0]!.message.includes(bad), problems[0]!.message)
        if (name === "DD_SITE") assert.isUndefined(settings.site, "what was meant for one region goes nowhere")
        else if (beside === undefined || name === "DD_TRACE_PROPAGATION_STYLE") {
          assert.deepStrictEqual(Observed.at(settings, path), Observed.at(without, path))
        }
      })
    }

    it(`${name} that is empty is as good as none`, () => {
      if (name === "DD_SITE" || name === "DD_TRACE_BAGGAGE_TAG_KEYS") return
      const { problems, value: settings } = resolve({ [name]: "" })
      assert.deepStrictEqual(problems, [])
      assert.deepStrictEqual(Observed.at(settings, path), Observed.at(resolve().value, path))
    })
  }

  it("DD_API_KEY is kept redacted, trimmed, and never shown", () => {
    const { value } = resolve({ DD_API_KEY: " secret \n" })
    assert.strictEqual(Redacted.value(value.apiKey!), "secret")
    assert.isFalse(String(value.apiKey).includes("secret"))
    assert.isFalse(JSON.stringify(value).includes("secret"))
    assert.isUndefined(resolve({ DD_API_KEY: "  " }).value.apiKey)
  })

  it("DD_TRACE_API_VERSION cannot ask for a payload without events: one warning, and v0.4 stays", () => {
    assert.strictEqual(resolve({ DD_TRACE_API_VERSION: "v0.5" }).problems.length, 1)
    assert.deepStrictEqual(resolve({ DD_TRACE_API_VERSION: "v0.4" }).problems, [])
  })

  it("DD_SITE is explicit only when somebody named it", () => {
    assert.deepStrictEqual(resolve().value.site?.explicit, false)
    assert.strictEqual(resolve().value.site?.value.name, "datadoghq.com")
    assert.deepStrictEqual(resolve({ DD_SITE: "datadoghq.com" }).value.site?.explicit, true)
    const empty = resolve({ DD_SITE: "" })
    assert.isUndefined(empty.value.site)
    assert.deepStrictEqual(empty.problems.map((problem) => problem.code), ["missing_site"])
    assert.strictEqual(
      resolve({}, { site: "intake.example", allowUnknownSite: true }).value.site?.value.llmobsHost,
      "llmobs-intake.intake.example"
    )
  })

  it("DD_TAGS names a session, a user and an account, the service, the environment and the version", () => {
    const { value } = resolve({
      DD_TAGS: "session_id:s-1,usr.id:u-1,usr.account_id:a-1,service:api,env:prod,version:2,team:ops"
    })
    assert.deepStrictEqual(value.processLabels, { sessionId: "s-1", userId: "u-1", accountId: "a-1" })
    assert.deepStrictEqual([value.service, value.env, value.version], ["api", "prod", "2"])
    assert.strictEqual(value.ddTags["team"], "ops")
    assert.isFalse(Object.keys(value.ddTags).some((key) => key.startsWith("usr.") || key === "session_id"))
    const named = resolve({ DD_TAGS: "service:api", DD_SERVICE: "front" }).value
    assert.strictEqual(named.service, "front")
  })

  it("an option wins over its variable", () => {
    const variables: Variables = {
      DD_LLMOBS_ML_APP: "v",
      DD_SERVICE: "v",
      DD_ENV: "v",
      DD_VERSION: "v",
      DD_TAGS: "from:variable",
      DD_TRACE_AGENT_URL: "http://variable:1",
      DD_LLMOBS_AGENTLESS_ENABLED: "1",
      DD_LLMOBS_SAMPLE_RATE: "0.1",
      _DD_LLMOBS_WRITER_INTERVAL: "9",
      DD_TRACE_PARTIAL_FLUSH_MIN_SPANS: "9",
      DD_SITE: "datadoghq.eu",
      DD_API_KEY: "variable"
    }
    const { problems, value } = resolve(variables, {
      mlApp: "o",
      service: "o",
      env: "o",
      version: "o",
      tags: { from: "option" },
      agentUrl: "http://option:1",
      agentless: false,
      sampleRate: 0.9,
      flushInterval: "2 seconds",
      partialFlushMinSpans: 2,
      site: "us5.datadoghq.com",
      apiKey: Redacted.make("option")
    })
    assert.deepStrictEqual(problems, [])
    assert.deepStrictEqual([value.mlApp, value.service, value.env, value.version], ["o", "o", "o", "o"])
    assert.deepStrictEqual(value.ddTags, { from: "option" })
    assert.strictEqual(Observed.at(value, "agentUrl.host"), "option")
    assert.strictEqual(value.agentless, false)
    assert.strictEqual(value.retention.sampleRate, 0.9)
    assert.deepStrictEqual([value.flushIntervalMillis, value.partialFlushMinSpans], [2_000, 2])
    assert.strictEqual(value.site?.value.name, "us5.datadoghq.com")
    assert.strictEqual(Redacted.value(value.apiKey!), "option")
    assert.strictEqual(resolve({}, { mlApp: "old", agentService: "new" }).value.mlApp, "new")
  })

  it("switching APM tracing off wins over the option that asks for it", () => {
    assert.strictEqual(resolve({ DD_APM_TRACING_ENABLED: "false" }, { apm: "all" }).value.apm, "off")
    assert.strictEqual(resolve({}, { apm: "all" }).value.apm, "all")
  })

  it("the Agent's socket is used where it exists and nothing else is said", () => {
    assert.strictEqual(resolve({}, {}, true).value.agentUrl._tag, "unix")
    assert.strictEqual(resolve({ DD_AGENT_HOST: "agent" }, {}, true).value.agentUrl._tag, "http")
    assert.strictEqual(resolve({}, {}, false).value.agentUrl._tag, "http")
  })

  it("a payload is never larger than the intake takes", () => {
    assert.strictEqual(
      resolve({ DD_LLMOBS_PAYLOAD_SIZE_BYTES: "99999999" }).value.maxPayloadBytes,
      Settings.defaults.maxPayloadBytes
    )
  })

  it("additional headers that are none are left out", () => {
    const { headers } = resolve({
      _DD_TRACE_WRITER_ADDITIONAL_HEADERS: "x-ok:1,no colon,:x,bad name:1,x-line:a\nb,x-snow:\u2603,x-empty:"
    }).value
    assert.deepStrictEqual(headers, { "x-ok": "1", "x-empty": "" })
  })

  it("nothing that is set throws, whatever it is", () => {
    for (const text of ["\0", "\ud800", "__proto__", "[[[[", "{}", "null", "1e999", "x".repeat(100_000)]) {
      for (const name of Settings.variables) assert.isDefined(resolve({ [name]: text }).value, name)
    }
  })
})
