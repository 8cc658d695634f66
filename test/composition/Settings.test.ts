import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Redacted from "effect/Redacted"
import type * as Options from "../../src/composition/Options.ts"
import * as Settings from "../../src/composition/Settings.ts"
import * as SettingsTable from "../../src/composition/SettingsTable.ts"
import * as AgentUrl from "../../src/domain/delivery/AgentUrl.ts"
import * as Observed from "../layers/Observed.ts"

type Variables = { readonly [K in Settings.Variable]?: string }

const resolve = (variables: Variables = {}, options: Options.Options = {}, socketExists = false) =>
  Settings.resolve(options, environment(variables), { socketExists })

const environment = (variables: { readonly [name: string]: string | undefined }): Settings.Environment => ({
  get: (name) => variables[name],
  names: Object.keys(variables).filter((name) => /^_?DD_LLMOBS_/.test(name))
})

/** A good value of a variable, where it shows and as what, and a value that cannot be read. */
interface Row {
  readonly good: string
  readonly path: string
  readonly value: unknown
  /** Absent if every text means something. */
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
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: {
    good: "https://collector:9/v1/traces",
    path: "otlp.endpoint.host",
    value: "collector",
    bad: "ftp://collector"
  },
  OTEL_EXPORTER_OTLP_HEADERS: { good: "X-A=1, x-b=a%20b", path: "otlp.headers", value: { "x-a": "1", "x-b": "a b" } },
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
  DD_PROXY_HTTPS: {
    good: " p:1 ",
    path: "proxy",
    value: "http://p:1",
    beside: { HTTPS_PROXY: "http://q:1" },
    bad: "socks5://p:1"
  },
  HTTPS_PROXY: { good: "http://p:1", path: "proxy", value: "http://p:1", beside: { https_proxy: "http://q:1" } },
  https_proxy: { good: "http://p:1", path: "proxy", value: "http://p:1", bad: "http://" },
  DD_PROXY_NO_PROXY: { good: "a.test,.b.test", path: "noProxy", value: ["a.test", ".b.test"] },
  NO_PROXY: { good: "a.test", path: "noProxy", value: ["a.test"], beside: { no_proxy: "b.test" } },
  no_proxy: { good: "a.test", path: "noProxy", value: ["a.test"] },
  DD_TRACE_ENABLED: { good: "false", path: "apm", value: "off", bad: "no" },
  DD_APM_TRACING_ENABLED: { good: "0", path: "apm", value: "off", bad: "never" },
  DD_TRACE_SAMPLING_RULES: { good: rules, path: "sampling.rules.length", value: 1, bad: "{}" },
  DD_SPAN_SAMPLING_RULES: { good: "[{\"name\":\"chat*\"}]", path: "spanSampling.0.sampleRate", value: 1, bad: "[5]" },
  DD_SPAN_SAMPLING_RULES_FILE: { good: "/etc/rules.json", path: "spanSamplingFile", value: "/etc/rules.json" },
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
  DD_TRACE_DEBUG: { good: "1", path: "debug", value: true, bad: "loud" },
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

// A key is never shown, and the format of the payload is never changed: each has a test of its own.
const elsewhere: ReadonlyArray<Settings.Variable> = ["DD_API_KEY", "DD_TRACE_API_VERSION"]

describe("Settings", () => {
  it("has a test for every variable that it reads", () => {
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
        assert.isFalse(bad.length > 2 && bad !== "http://" && problems[0]!.message.includes(bad), problems[0]!.message)
        if (name === "DD_SITE") assert.isUndefined(settings.site, "no other region gets its events")
        else if (beside === undefined || name === "DD_TRACE_PROPAGATION_STYLE") {
          assert.deepStrictEqual(Observed.at(settings, path), Observed.at(without, path))
        }
      })
    }

    if (name !== "DD_TRACE_BAGGAGE_TAG_KEYS") {
      it(`${name} that is blank counts as missing`, () => {
        for (const blank of ["", " \t\n"]) {
          const { problems, value: settings } = resolve({ [name]: blank })
          assert.deepStrictEqual(problems, [])
          assert.deepStrictEqual(Observed.at(settings, path), Observed.at(resolve().value, path))
        }
      })
    }
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

  it("DD_SITE is explicit only if it is set", () => {
    assert.deepStrictEqual(resolve().value.site?.explicit, false)
    assert.strictEqual(resolve().value.site?.value.name, "datadoghq.com")
    assert.deepStrictEqual(resolve({ DD_SITE: "datadoghq.com" }).value.site?.explicit, true)
    assert.deepStrictEqual(resolve({ DD_SITE: " " }), resolve())
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

  it("the Agent's socket is used if it exists and no address is set", () => {
    assert.strictEqual(resolve({}, {}, true).value.agentUrl._tag, "unix")
    assert.strictEqual(resolve({ DD_AGENT_HOST: "agent" }, {}, true).value.agentUrl._tag, "http")
    assert.strictEqual(resolve({}, {}, false).value.agentUrl._tag, "http")
  })

  it("a payload is never larger than the intake takes", () => {
    assert.strictEqual(
      resolve({ DD_LLMOBS_PAYLOAD_SIZE_BYTES: "99999999" }).value.maxPayloadBytes,
      5_242_879
    )
  })

  it("an event is never larger than a payload can hold, so that it is shrunk and not dropped", () => {
    const sizes = (variables: { readonly [name: string]: string }) => resolve(variables).value.maxEventBytes
    assert.strictEqual(sizes({ DD_LLMOBS_PAYLOAD_SIZE_BYTES: "1000000" }), 999_998)
    assert.strictEqual(sizes({ DD_LLMOBS_EVENT_SIZE_BYTES: "99999999" }), 5_242_877)
    assert.strictEqual(sizes({}), 5_000_000)
  })

  it("a part of _DD_TRACE_WRITER_ADDITIONAL_HEADERS that is not a header is left out and reported", () => {
    const { problems, value } = resolve({
      _DD_TRACE_WRITER_ADDITIONAL_HEADERS: "x-ok:1,no colon,:x,bad name:1,x-line:a\nb,x-snow:\u2603,x-empty:,"
    })
    assert.deepStrictEqual(value.headers, { "x-ok": "1", "x-empty": "" })
    assert.strictEqual(problems.length, 1)
  })

  it("headers of OTLP are checked after percent-decoding, and in the option, and left out of the report", () => {
    const variable = resolve({
      OTEL_EXPORTER_OTLP_HEADERS: "api-key=a%0Asecret,x=%E2%82%AC,x%0ay=1,X-Ok=a%3Db%2Cc:d,x-raw=50%,none"
    })
    assert.deepStrictEqual(variable.value.otlp.headers, { "x-ok": "a=b,c:d", "x-raw": "50%" })
    const option = resolve({}, {
      otlpHeaders: { "X-Ok": "1", "x-line": "a\nsecret", "bad name": "1", "x-snow": "\u2603" }
    })
    assert.deepStrictEqual(option.value.otlp.headers, { "x-ok": "1" })
    for (const { problems } of [variable, option]) {
      assert.lengthOf(problems, 1)
      assert.notInclude(JSON.stringify(problems), "secret")
    }
    assert.strictEqual(option.problems[0]?.code, "invalid_option")
  })

  it("no variable makes it throw, whatever its text is", () => {
    for (const text of ["\0", "\ud800", "__proto__", "[[[[", "{}", "null", "1e999", "x".repeat(100_000)]) {
      for (const name of Settings.variables) assert.isDefined(resolve({ [name]: text }).value, name)
    }
  })
})

/** Options as JavaScript gives them. */
const withOptions = (options: unknown, variables: Variables = {}) => resolve(variables, options as Options.Options)

const optionNames = Object.values(SettingsTable.rows).flatMap((row) => row.options ?? [])

const throwing: object = new Proxy({}, {
  get: () => {
    throw new Error("secret")
  },
  ownKeys: () => {
    throw new Error("secret")
  }
})

describe("options of a wrong type", () => {
  const wrong: ReadonlyArray<readonly [type: string, value: unknown]> = [
    ["a symbol", Symbol("secret")],
    ["an object", { secret: "secret" }],
    ["a list", ["secret"]],
    ["null", null],
    ["an object", throwing]
  ]
  for (const name of optionNames) {
    it(`${name} warns by its type alone, and the default holds`, () => {
      for (const [type, value] of wrong) {
        if ((name === "tags" || name === "otlpHeaders") && type === "an object") continue
        if (name === "baggageTagKeys" && type === "a list") continue
        const { problems, value: settings } = withOptions({ [name]: value })
        assert.isAtLeast(problems.length, 1, `${type}: no problem`)
        for (const problem of problems) {
          assert.strictEqual(problem.code, "invalid_option")
          assert.include(problem.message, `The option ${name} `)
          assert.notInclude(problem.message, "secret")
          if (value !== throwing) assert.include(problem.message, `is ${type}.`)
        }
        const { redaction, site, ...rest } = settings
        const { redaction: _, site: __, ...defaults } = resolve().value
        assert.deepStrictEqual(rest, defaults)
        if (name !== "site") assert.deepStrictEqual(site, resolve().value.site)
        assert.strictEqual(redaction.capture, name === "processors" || name === "contentCapture" ? "none" : "all")
      }
    })
  }

  it("baggageTagKeys is a list of texts, possibly empty, and wins over the variable", () => {
    const keys = (given: unknown) =>
      withOptions({ baggageTagKeys: given }, { DD_TRACE_BAGGAGE_TAG_KEYS: "a" }).value.propagation.baggageTagKeys
    assert.deepStrictEqual(keys(["user.id", " team "]), ["user.id", "team"])
    assert.deepStrictEqual(keys([]), [])
    assert.deepStrictEqual(keys(["user.id", 7]), ["a"])
    assert.deepStrictEqual(keys(undefined), ["a"])
  })

  it("agentUrl: 7 and site: 9 are reported by their type, with the possible values", () => {
    assert.deepStrictEqual(withOptions({ agentUrl: 7 }).problems.map(({ message }) => message), [
      "The option agentUrl must be an http, https or unix URL, but is a number. It is ignored."
    ])
    assert.strictEqual(AgentUrl.render(withOptions({ agentUrl: 7 }).value.agentUrl), "http://localhost:8126")
    assert.deepStrictEqual(withOptions({ site: 9 }).problems.map(({ message }) => message), [
      "The option site must be a Datadog site, such as datadoghq.com, but is a number. It is ignored."
    ])
    assert.isUndefined(withOptions({ site: 9 }).value.site)
  })

  it("options that are not an object are ignored", () => {
    for (const options of [null, 7, "mlApp"]) {
      const { problems, value } = withOptions(options)
      assert.deepStrictEqual(problems.map(({ code }) => code), ["invalid_option"])
      assert.deepStrictEqual(value, resolve().value)
    }
  })

  it("options that throw when they are read or listed are ignored, and no content is recorded", () => {
    const { problems, value } = withOptions(throwing)
    assert.lengthOf(problems, optionNames.length)
    assert.notInclude(JSON.stringify(problems), "secret")
    assert.deepStrictEqual(value.redaction, { processors: [], capture: "none" })
    assert.strictEqual(value.flushIntervalMillis, resolve().value.flushIntervalMillis)
  })

  it("processors that are no functions are reported with the consequence", () => {
    const { problems, value } = withOptions({ processors: [7] })
    assert.deepStrictEqual(problems.map(({ message }) => message), [
      "The option processors must be a list of functions alone, but is a list. No content is recorded."
    ])
    assert.strictEqual(value.redaction.capture, "none")
  })

  it("a number, a boolean and a text are converted to one another when the meaning is plain", () => {
    const { problems, value } = withOptions({ version: 2, agentless: "false", maxBytes: "1000", service: true })
    assert.deepStrictEqual(problems, [])
    assert.deepStrictEqual([value.version, value.agentless, value.maxBytes, value.service], ["2", false, 1000, "true"])
  })
})

describe("settings with several sources", () => {
  it("an option that cannot be read yields to its variable, and the message names the option", () => {
    const { problems, value } = withOptions({ flushInterval: "soon" }, { _DD_LLMOBS_WRITER_INTERVAL: "3" })
    assert.strictEqual(value.flushIntervalMillis, 3_000)
    assert.deepStrictEqual(problems.map(({ message }) => message), [
      "The option flushInterval must be a duration, such as \"2 seconds\", but is a text of 4 characters. It is ignored."
    ])
  })

  it("DD_TRACE_AGENT_URL that cannot be read yields to DD_AGENT_HOST", () => {
    const { problems, value } = resolve({ DD_TRACE_AGENT_URL: "agent:8126", DD_AGENT_HOST: "next" })
    assert.strictEqual(AgentUrl.render(value.agentUrl), "http://next:8126")
    assert.strictEqual(problems.length, 1)
  })

  it("a site and a key that cannot be read are not replaced by those of another account", () => {
    const { value } = withOptions({ site: "evil.example", apiKey: "two words" }, {
      DD_SITE: "datadoghq.eu",
      DD_API_KEY: "of-another"
    })
    assert.deepStrictEqual([value.site, value.apiKey], [undefined, undefined])
  })

  it("a message about an unknown site lists the known sites", () => {
    const message = resolve({ DD_SITE: "evil.example" }).problems[0]!.message
    assert.include(message, "DD_SITE must be a Datadog site (datadoghq.com, datadoghq.eu, us3.datadoghq.com")
    assert.notInclude(message, "evil")
    assert.include(
      withOptions({ site: "evil.example" }).problems[0]!.message,
      "The option site must be a Datadog site ("
    )
  })
})

describe("tags in settings", () => {
  it("a value that is not text is converted, or left out with a warning that names its key", () => {
    const tags = { build: undefined, nothing: null, deep: {}, n: 7, on: true, big: 12n, team: "ops", "": "x" }
    const { problems, value } = withOptions({ tags })
    assert.deepStrictEqual(value.ddTags, { n: "7", on: "true", big: "12", team: "ops" })
    assert.deepStrictEqual(problems.map(({ message, path }) => [path, message]), [
      ["tags.build", "The option tags has a value that is undefined, not a text. It is left out."],
      ["tags.nothing", "The option tags has a value that is null, not a text. It is left out."],
      ["tags.deep", "The option tags has a value that is an object, not a text. It is left out."]
    ])
  })

  it("a getter that throws costs its own tag", () => {
    const tags = {
      team: "ops",
      get bad(): string {
        throw new Error("secret")
      }
    }
    assert.deepStrictEqual(withOptions({ tags }).value.ddTags, { team: "ops" })
  })

  it("DD_TAGS is separated by any white space if there is no comma", () => {
    assert.deepStrictEqual(resolve({ DD_TAGS: "team:ops\ttier:1\nregion:eu\r\n" }).value.ddTags, {
      team: "ops",
      tier: "1",
      region: "eu"
    })
  })

  it("the option tags given as text is read as DD_TAGS is", () => {
    assert.deepStrictEqual(withOptions({ tags: "team:ops tier:1" }).value.ddTags, { team: "ops", tier: "1" })
  })
})

describe("proxy settings", () => {
  const cases: ReadonlyArray<readonly [text: string, proxy: string | undefined, problems: number]> = [
    ["10.0.0.1:3128", "http://10.0.0.1:3128", 0],
    ["localhost:3128", "http://localhost:3128", 0],
    [" http://p:1\n", "http://p:1", 0],
    ["https://user:word@p:1", "https://user:word@p:1", 0],
    ["user:word@p:1", "http://user:word@p:1", 0],
    ["[::1]:3128", "http://[::1]:3128", 0],
    ["direct", "http://direct", 0],
    ["  ", undefined, 0],
    ["http://", undefined, 1],
    ["socks5://p:1", undefined, 1],
    ["http://p:99999", undefined, 1],
    ["http://user:%zz@p:1", undefined, 1],
    ["two words", undefined, 1]
  ]
  for (const [text, proxy, count] of cases) {
    it(`HTTPS_PROXY of ${JSON.stringify(text)} is ${proxy ?? "none"}`, () => {
      const { problems, value } = resolve({ HTTPS_PROXY: text })
      assert.strictEqual(value.proxy, proxy)
      assert.strictEqual(problems.length, count)
      for (const { message } of problems) assert.match(message, /^HTTPS_PROXY must be .* is a text of \d+ characters\./)
    })
  }
})

describe("API keys in settings", () => {
  const keyOf = (apiKey: unknown, variables: Variables = {}) => {
    const { problems, value } = withOptions({ apiKey }, variables)
    return { problems, key: value.apiKey && Redacted.value(value.apiKey), value }
  }

  it("trims an API key, whether it is redacted or plain", () => {
    assert.deepStrictEqual(keyOf(Redacted.make(" abc\n")).key, "abc")
    assert.deepStrictEqual(keyOf("abc\r\n").key, "abc")
    assert.notInclude(JSON.stringify(keyOf("abc").value), "abc")
    assert.deepStrictEqual(keyOf(undefined, { DD_API_KEY: "\tabc " }).key, "abc")
  })

  it("refuses an API key that no header can hold, like an account's, and never shows it", () => {
    for (const key of ["plain text", "a\nb", "clé", "x".repeat(257)]) {
      for (const given of [key, Redacted.make(key)]) {
        const { key: found, problems } = keyOf(given)
        assert.isUndefined(found)
        assert.deepStrictEqual(problems.map(({ code }) => code), ["invalid_option"])
        assert.notInclude(problems[0]!.message, key)
      }
      assert.strictEqual(resolve({ DD_API_KEY: key }).problems.length, 1)
    }
  })

  it("refuses an API key that was wiped from memory", () => {
    const wiped = Redacted.make("abc")
    Redacted.wipeUnsafe(wiped)
    assert.strictEqual(keyOf(wiped).problems.length, 1)
  })
})

describe("waits in settings", () => {
  const longest = 2_147_483_647

  it("shortens _DD_LLMOBS_WRITER_TIMEOUT to the longest wait of a timer", () => {
    const { problems, value } = resolve({ _DD_LLMOBS_WRITER_TIMEOUT: String(30 * 24 * 3600) })
    assert.strictEqual(value.requestTimeoutMillis, longest)
    assert.deepStrictEqual(problems.map(({ message }) => message), [
      "_DD_LLMOBS_WRITER_TIMEOUT is longer than a timer can wait. 2147483647 milliseconds (24.8 days) are used."
    ])
  })

  it("shortens every setting of a wait to the longest wait of a timer, an endless one too", () => {
    const { value } = withOptions({
      flushInterval: "30 days",
      flushTimeout: Duration.infinity,
      partialFlushAfter: Infinity
    }, { DD_TRACE_AGENT_TIMEOUT_SECONDS: "1e300", _DD_LLMOBS_WRITER_TIMEOUT: "1e9" })
    const waits = Object.entries(value).filter(([name]) => name.endsWith("Millis"))
    assert.deepStrictEqual(waits.map(([, wait]) => wait), Array(5).fill(longest))
  })

  it("refuses a wait below 0 and one that is not a number", () => {
    for (const flushTimeout of [-1, Number.NaN, "later", {}]) {
      const { problems, value } = withOptions({ flushTimeout })
      assert.strictEqual(value.flushTimeoutMillis, 5_000)
      assert.strictEqual(problems.length, 1)
    }
  })
})

describe("unknown names of settings", () => {
  const messages = (variables: { readonly [name: string]: string }, options: object = {}) =>
    Settings.resolve(options, environment(variables), { socketExists: false }).problems.map(({ message }) => message)

  it("suggests the variable that was probably meant for an unknown one", () => {
    assert.deepStrictEqual(messages({ DD_LLMOBS_MLAPP: "shop", DD_LLMOBS_AGENTLES_ENABLED: "1" }), [
      "DD_LLMOBS_MLAPP is not a setting. Did you mean DD_LLMOBS_ML_APP?",
      "DD_LLMOBS_AGENTLES_ENABLED is not a setting. Did you mean DD_LLMOBS_AGENTLESS_ENABLED?"
    ])
    assert.deepStrictEqual(messages({ DD_LLMOBS_SOMETHING_ELSE_ALTOGETHER: "1" }), [
      "DD_LLMOBS_SOMETHING_ELSE_ALTOGETHER is not a setting. The settings page of the documentation lists them."
    ])
  })

  it("ignores an unknown variable that another library of Datadog reads", () => {
    assert.deepStrictEqual(messages({ DD_LLMOBS_PROJECT_NAME: "p", DD_LLMOBS_PROMPTS_CACHE_TTL: "1" }), [])
  })

  it("suggests the option that was probably meant for an unknown one", () => {
    assert.deepStrictEqual(
      messages({}, { mlapp: "shop", flushIntervall: 5, agent: {}, url: "", queue: "", pollMillis: 1 }),
      [
        "mlapp is not an option. Did you mean mlApp?",
        "flushIntervall is not an option. Did you mean flushInterval?"
      ]
    )
  })
})
