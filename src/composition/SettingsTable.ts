/**
 * The settings of a layer, as a table: options, variables, reader, default and description of each.
 *
 * **Details**
 *
 * `Settings.resolve` reads it, and `npm run settings-page` writes it to `docs/settings.md`. The readers of text, numbers
 * and waits are rules, and live in `domain/settings`; the two that need Effect's own types are below.
 */
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as AgentUrl from "../domain/delivery/AgentUrl.ts"
import * as ApiKey from "../domain/delivery/ApiKey.ts"
import * as ProxyUrl from "../domain/delivery/ProxyUrl.ts"
import * as IntakeBody from "../domain/event/IntakeBody.ts"
import * as Truncation from "../domain/event/Truncation.ts"
import * as WireFormat from "../domain/event/WireFormat.ts"
import * as Problem from "../domain/Problem.ts"
import * as PropagationStyle from "../domain/propagation/PropagationStyle.ts"
import * as RetentionSampling from "../domain/sampling/RetentionSampling.ts"
import * as SamplingRules from "../domain/sampling/SamplingRules.ts"
import * as AdditionalHeaders from "../domain/settings/AdditionalHeaders.ts"
import * as Reader from "../domain/settings/Reader.ts"
import type { Reader as ReaderOf, Setting } from "../domain/settings/Setting.ts"
import * as Settings from "../domain/settings/Setting.ts"
import * as DdTags from "../domain/span/DdTags.ts"
import type { DurableOptions, Options } from "./Options.ts"

const setting = <A, const F, const G = never, const V extends string = never>(
  row: Setting<A, F, G, keyof Options, V>
): Setting<A, F, G, keyof Options, V> => row

const duration = Reader.wait((given) => {
  const found = isDurationInput(given) ? Option.getOrUndefined(Duration.fromInput(given)) : undefined
  const millis = found === undefined ? Number.NaN : Duration.toMillis(found)
  return millis >= 0 ? millis : undefined
}, "a duration, such as \"2 seconds\"")

// Effect reads `NaN`, and an object without a unit, as a duration of zero.
const isDurationInput = (given: unknown): given is Duration.Input => {
  if (typeof given === "number") return !Number.isNaN(given)
  if (typeof given !== "object" || given === null || Array.isArray(given) || Duration.isDuration(given)) return true
  const entries = Object.entries(given).filter(([, n]) => n !== undefined)
  return entries.length > 0 &&
    entries.every(([unit, n]) => units.has(unit) && typeof n === "number" && !Number.isNaN(n))
}

const units = new Set([
  "weeks",
  "days",
  "hours",
  "minutes",
  "seconds",
  "milliseconds",
  "microseconds",
  "nanoseconds"
])

const durationOrSeconds: ReaderOf<number> = (given, source) =>
  (source.kind === "option" ? duration : Reader.seconds)(given, source)

const apiKey = Reader.make((given) => {
  const key = ApiKey.parse(Redacted.isRedacted(given) ? Redacted.value(given) : given)
  return key === undefined ? undefined : Redacted.make(key, { label: "DD_API_KEY" })
}, ApiKey.expected)

const durable: ReaderOf<DurableOptions> = (given, source) => {
  const { directory, durability, maxBytes } = (given ?? {}) as DurableOptions
  const bad = (expected: string) => [Settings.problem(source, given, expected)]
  // SQLite takes a name that begins with `file:` for a URL, and would open another file than the checked one.
  if (typeof directory !== "string" || directory.trim() === "" || /^file:|\0/i.test(directory.trim())) {
    const hint = "path" in Object(given) ? " (`path`, the file of earlier releases, is not read)" : ""
    return { value: undefined, problems: bad(`\`durable: { directory }\`, the path of a folder and no URL${hint}`) }
  }
  if (durability !== undefined && durability !== "process" && durability !== "power") {
    return { value: { directory, maxBytes }, problems: bad("given a durability of `process` or `power`") }
  }
  if (maxBytes !== undefined && !(maxBytes > 0)) {
    return { value: { directory, durability }, problems: bad("given a size above 0") }
  }
  return { value: given as DurableOptions, problems: [] }
}

const styles: ReaderOf<ReadonlyArray<PropagationStyle.PropagationStyle>> = (given, source) =>
  PropagationStyle.parse(String(given), undefined, Settings.label(source))

const rules = (parse: (text: string, setting: string) => ReturnType<typeof SamplingRules.parse>): ReaderOf<
  ReadonlyArray<SamplingRules.SamplingRule>
> =>
(given, source) => parse(String(given), Settings.label(source))

const noTags: DdTags.DdTags = {}
const share = Reader.number((n) => n >= 0 && n <= 1, "a number from 0 to 1")
const aboveZero = Reader.number((n) => n > 0, "a number above 0")
const headerTexts = Reader.texts(AdditionalHeaders.parseOtlp)

const otlpHeaders: ReaderOf<AdditionalHeaders.AdditionalHeaders> = (given, source) => {
  const { problems, value } = headerTexts(given, source)
  if (value === undefined) return { value, problems }
  const message = `${Settings.label(source)} has a header that HTTP does not allow. It is left out.`
  const allowed = AdditionalHeaders.fromEntries(Object.entries(value), Problem.make(Settings.code(source), message))
  return { value: allowed.value, problems: [...problems, ...allowed.problems] }
}

const url = Reader.ofText(AgentUrl.parse, "an http, https or unix URL")

/** The sections of the page, in its order. A setting stands in the section whose name is before it. */
export const table = {
  application: {
    enabled: setting({
      variables: ["DD_LLMOBS_ENABLED"],
      read: Reader.boolean,
      fallback: true,
      about: "`false` gives an empty layer"
    }),
    mlApp: setting({
      options: ["agentService", "mlApp"],
      variables: ["DD_LLMOBS_ML_APP"],
      read: Reader.text,
      fallback: undefined,
      shown: "the service",
      about: "the application of the spans"
    }),
    service: setting({
      options: ["service"],
      variables: ["DD_SERVICE"],
      read: Reader.text,
      fallback: undefined,
      shown: "`service` in the tags, else the name of the program's package, else `node`",
      about: "the APM service"
    }),
    env: setting({
      options: ["env"],
      variables: ["DD_ENV"],
      read: Reader.text,
      fallback: undefined,
      shown: "`env` in the tags",
      about: "the environment: a unified service tag"
    }),
    version: setting({
      options: ["version"],
      variables: ["DD_VERSION"],
      read: Reader.text,
      fallback: undefined,
      shown: "`version` in the tags",
      about: "the version of the service: a unified service tag"
    }),
    tags: setting({
      options: ["tags"],
      variables: ["DD_TAGS"],
      read: Reader.texts(DdTags.parse),
      fallback: noTags,
      shown: "none",
      about: "tags of every span, in the variable `key:value` separated by commas, or by white space if there is no " +
        "comma. `session_id`, `usr.id` and `usr.account_id` are explicit labels here: they win over those of a browser"
    }),
    gitEnabled: setting({
      variables: ["DD_TRACE_GIT_METADATA_ENABLED"],
      read: Reader.boolean,
      fallback: true,
      about: "whether spans have git tags"
    }),
    gitRepositoryUrl: setting({
      variables: ["DD_GIT_REPOSITORY_URL"],
      read: Reader.text,
      fallback: undefined,
      about: "the repository; credentials in the URL are removed"
    }),
    gitCommitSha: setting({
      variables: ["DD_GIT_COMMIT_SHA"],
      read: Reader.text,
      fallback: undefined,
      about: "the commit"
    })
  },

  destination: {
    agentUrl: setting({
      options: ["agentUrl"],
      variables: ["DD_TRACE_AGENT_URL"],
      read: url,
      fallback: undefined,
      shown: `\`${AgentUrl.defaults.socketPath}\` if it exists, else \`http://localhost:8126\``,
      about: "the Agent: `http://host:port`, `https://…` or `unix:///path`"
    }),
    agentHost: setting({
      variables: ["DD_AGENT_HOST", "DD_TRACE_AGENT_HOSTNAME"],
      read: Reader.ofText(AgentUrl.parseHost, "a host name or address"),
      fallback: undefined,
      shown: "`localhost`",
      about: "the host of the Agent, if no URL is set"
    }),
    agentPort: setting({
      variables: ["DD_TRACE_AGENT_PORT"],
      read: Reader.ofText(AgentUrl.parsePort, "a port from 1 to 65535"),
      fallback: undefined,
      shown: "8126",
      about: "the port of the Agent, if no URL is set"
    }),
    agentTimeoutMillis: setting({
      variables: ["DD_TRACE_AGENT_TIMEOUT_SECONDS"],
      read: Reader.seconds,
      fallback: 2_000,
      shown: "2 seconds",
      about: "the time for an answer of the Agent's `/info`"
    }),
    agentless: setting({
      options: ["agentless"],
      variables: ["DD_LLMOBS_AGENTLESS_ENABLED"],
      read: Reader.boolean,
      fallback: undefined,
      shown: "found out",
      about: "`true`: never an Agent. `false`: never without one. Left out: without one only if a key and a site are " +
        "set and no Agent was found for 30 seconds"
    }),
    apiKey: setting({
      options: ["apiKey"],
      variables: ["DD_API_KEY"],
      read: apiKey,
      fallback: undefined,
      // An event meant for one account must not go to another.
      refused: { value: undefined },
      about:
        "needed only without an Agent. White space around it is left out; [other accounts](accounts.md) are named " +
        "by `withRouting`"
    }),
    site: setting({
      options: ["site"],
      variables: ["DD_SITE"],
      // Another setting decides which sites are allowed.
      read: Reader.make(
        (given, source) => typeof given === "string" ? { text: given, source } : undefined,
        "a Datadog site, such as datadoghq.com"
      ),
      fallback: undefined,
      // An event meant for one region must not go to another.
      refused: { value: "unusable" },
      shown: "`datadoghq.com`",
      about:
        "needed only without an Agent. It must be on Datadog's list, unless `allowUnknownSite`; a site that is not " +
        "is replaced by none"
    }),
    allowUnknownSite: setting({
      options: ["allowUnknownSite"],
      read: Reader.boolean,
      fallback: false,
      about: "accepts a site that is not on Datadog's list"
    }),
    apmAgentless: setting({
      variables: ["_DD_APM_TRACING_AGENTLESS_ENABLED"],
      read: Reader.boolean,
      fallback: false,
      about:
        "without an Agent, APM traces go to Datadog's trace intake, and events ride them. That intake is internal to " +
        "Datadog"
    }),
    overrideOrigin: setting({
      options: ["overrideOrigin"],
      variables: ["DD_LLMOBS_OVERRIDE_ORIGIN"],
      read: Reader.ofText(
        (text) => AgentUrl.parse(text) === undefined ? undefined : text,
        "an http, https or unix URL"
      ),
      fallback: undefined,
      about: "another origin for events; then events always go to the intake"
    }),
    proxy: setting({
      variables: ["DD_PROXY_HTTPS", "HTTPS_PROXY", "https_proxy"],
      read: Reader.ofText(ProxyUrl.parse, ProxyUrl.expected),
      fallback: undefined,
      about: "a proxy for connections with TLS. Without a scheme it is `http://`; never used for this machine"
    }),
    noProxy: setting({
      variables: ["DD_PROXY_NO_PROXY", "NO_PROXY", "no_proxy"],
      read: Reader.list,
      fallback: [],
      about: "the hosts and domains that are reached without the proxy; `*` is all"
    }),
    exporter: setting({
      options: ["exporter"],
      read: Reader.oneOf(["datadog", "otlp"]),
      fallback: "datadog",
      about: "`otlp` sends events as spans to an endpoint of OTLP, and no event rides a trace: [OTLP](./otlp.md)"
    }),
    otlpEndpoint: setting({
      options: ["otlpEndpoint"],
      variables: ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"],
      read: url,
      fallback: undefined,
      shown: "`http://localhost:4318/v1/traces`",
      about: "the endpoint of OTLP over HTTP, with its path"
    }),
    otlpHeaders: setting({
      options: ["otlpHeaders"],
      variables: ["OTEL_EXPORTER_OTLP_HEADERS"],
      read: otlpHeaders,
      fallback: AdditionalHeaders.none,
      shown: "none",
      about: "headers of requests to that endpoint, in the variable `name=value,name=value`"
    }),
    headers: setting({
      variables: ["_DD_TRACE_WRITER_ADDITIONAL_HEADERS"],
      read: (given, source) => AdditionalHeaders.parse(String(given), Settings.label(source)),
      fallback: AdditionalHeaders.none,
      shown: "none",
      about: "`name:value,name:value`, on requests to the intake"
    })
  },

  apm: {
    apm: setting({
      options: ["apm"],
      read: Reader.oneOf(["llm", "all", "off"]),
      fallback: "llm",
      about: "the spans that become APM spans: local roots and LLM spans, `all`, or none (`off`)"
    }),
    apmTracing: setting({
      variables: ["DD_APM_TRACING_ENABLED"],
      read: Reader.boolean,
      fallback: true,
      about: "`false` is `apm: \"off\"`"
    }),
    tracing: setting({
      variables: ["DD_TRACE_ENABLED"],
      read: Reader.boolean,
      fallback: true,
      about: "`false` is `apm: \"off\"`"
    }),
    samplingRules: setting({
      variables: ["DD_TRACE_SAMPLING_RULES"],
      read: rules(SamplingRules.parse),
      fallback: [],
      about: "rules that decide about traces, never about events"
    }),
    samplingRate: setting({
      variables: ["DD_TRACE_SAMPLE_RATE"],
      read: share,
      fallback: undefined,
      shown: "the Agent's",
      about: "the share of traces that is kept, from 0 to 1; it decides about traces, never about events"
    }),
    spanSamplingRules: setting({
      variables: ["DD_SPAN_SAMPLING_RULES"],
      read: rules(SamplingRules.parseSpanRules),
      fallback: [],
      about: "rules that keep single spans of a rejected trace: a JSON list of `{ \"service\": …, \"name\": …, " +
        "\"sample_rate\": …, \"max_per_second\": … }`. Their events go to the intake by themselves"
    }),
    spanSamplingFile: setting({
      variables: ["DD_SPAN_SAMPLING_RULES_FILE"],
      read: Reader.text,
      fallback: undefined,
      about:
        "the path of a JSON file with such rules, at most 1 MB. It is read once, when the layer is built, and not " +
        "at all if `DD_SPAN_SAMPLING_RULES` is set"
    }),
    rateLimit: setting({
      variables: ["DD_TRACE_RATE_LIMIT"],
      read: Reader.number((n) => !Number.isNaN(n), "a number"),
      fallback: undefined,
      shown: "100",
      about: "how many traces per second the rules and the share keep"
    }),
    traceFilter: setting({
      options: ["traceFilter"],
      read: Reader.callback<NonNullable<Options["traceFilter"]>>(),
      fallback: undefined,
      about: "`false` for the finished spans of a trace keeps them from being sent; LLM events in it go to the intake"
    }),
    partialFlushMinSpans: setting({
      options: ["partialFlushMinSpans"],
      variables: ["DD_TRACE_PARTIAL_FLUSH_MIN_SPANS"],
      read: Reader.number((n) => n >= 1, "a number of at least 1"),
      fallback: 300,
      about: "how many finished spans leave before their trace is complete"
    }),
    partialFlushEnabled: setting({
      variables: ["DD_TRACE_PARTIAL_FLUSH_ENABLED"],
      read: Reader.boolean,
      fallback: true,
      about: "`false`: the number of finished spans is no reason to leave"
    }),
    partialFlushAfterMillis: setting({
      options: ["partialFlushAfter"],
      read: duration,
      fallback: 30_000,
      shown: "30 seconds",
      about: "how long a finished span waits for the rest of its trace"
    }),
    apiVersion: setting({
      variables: ["DD_TRACE_API_VERSION"],
      read: (given) => WireFormat.apiVersion(String(given)),
      fallback: "v0.4",
      about: "v0.4 is always used: no other payload carries events. Asking for another warns"
    })
  },

  propagation: {
    styles: setting({
      variables: ["DD_TRACE_PROPAGATION_STYLE"],
      read: styles,
      fallback: undefined,
      shown: "`datadog,tracecontext,baggage`",
      about: "the headers that are read and written: `datadog`, `tracecontext`, `baggage`, `b3`, `b3multi`, `none`"
    }),
    stylesExtract: setting({
      variables: ["DD_TRACE_PROPAGATION_STYLE_EXTRACT"],
      read: styles,
      fallback: undefined,
      shown: "the styles above",
      about: "the headers that are read"
    }),
    stylesInject: setting({
      variables: ["DD_TRACE_PROPAGATION_STYLE_INJECT"],
      read: styles,
      fallback: undefined,
      shown: "the styles above",
      about: "the headers that are written"
    }),
    extractFirst: setting({
      variables: ["DD_TRACE_PROPAGATION_EXTRACT_FIRST"],
      read: Reader.boolean,
      fallback: PropagationStyle.defaults.extractFirst,
      about: "`true`: the first style that finds a trace is the only one that is read"
    }),
    behaviorExtract: setting({
      variables: ["DD_TRACE_PROPAGATION_BEHAVIOR_EXTRACT"],
      read: Reader.oneOf(["continue", "restart", "ignore"]),
      fallback: PropagationStyle.defaults.behaviorExtract,
      about: "what becomes of an incoming trace: `continue`, `restart` (a new one that links to it) or `ignore`"
    }),
    baggageTagKeys: setting({
      options: ["baggageTagKeys"],
      variables: ["DD_TRACE_BAGGAGE_TAG_KEYS"],
      read: Reader.list,
      readsBlank: true,
      fallback: PropagationStyle.defaults.baggageTagKeys,
      about: "the members of baggage that become `baggage.*` tags of APM spans; `*` is all, an empty list or text none"
    }),
    xDatadogTagsMaxLength: setting({
      variables: ["DD_TRACE_X_DATADOG_TAGS_MAX_LENGTH"],
      read: Reader.number((n) => n >= 0 && n <= 512, "a number from 0 to 512"),
      fallback: PropagationStyle.defaults.xDatadogTagsMaxLength,
      about: "the longest `x-datadog-tags` header, in characters; 0 sends none"
    }),
    traceId128: setting({
      variables: ["DD_TRACE_128_BIT_TRACEID_GENERATION_ENABLED"],
      read: Reader.boolean,
      fallback: true,
      about: "`false`: new trace ids have 64 bits"
    }),
    experimentBaggage: setting({
      options: ["experimentBaggage"],
      read: Reader.oneOf(["auto", "accept", "ignore"]),
      fallback: PropagationStyle.defaults.experimentBaggage,
      about:
        "whether an experiment in baggage is believed; `auto`: unless a browser sent it, as far as the request is " +
        "known; `ignore`: none, not even the program's own by `withBaggage`"
    })
  },

  delivery: {
    sampleRate: setting({
      options: ["sampleRate"],
      variables: ["DD_LLMOBS_SAMPLE_RATE"],
      read: share,
      fallback: 1,
      about: "the share of LLM traces that the backend retains, from 0 to 1. Every event is sent"
    }),
    retentionRules: setting({
      variables: ["DD_LLMOBS_SAMPLING_RULES"],
      read: rules(RetentionSampling.parseRules),
      fallback: [],
      about: "shares by tags of the root: a JSON list of `{ \"tags\": { … }, \"sample_rate\": … }`"
    }),
    processors: setting({
      options: ["processors"],
      read: Reader.callbacks<NonNullable<Options["processors"]>[number]>("No content is recorded."),
      fallback: [],
      // If the rules cannot be run, no content may leave.
      refused: { value: "unusable" },
      about: "redaction: rules over each event. No content is recorded if they cannot be run"
    }),
    contentCapture: setting({
      options: ["contentCapture"],
      read: Reader.oneOf(["all", "none"]),
      readsBlank: true,
      fallback: "all",
      refused: { value: "none" },
      about: "`none`: no content leaves the process. A value that cannot be read is `none`"
    }),
    flushIntervalMillis: setting({
      options: ["flushInterval"],
      variables: ["_DD_LLMOBS_WRITER_INTERVAL"],
      read: durationOrSeconds,
      fallback: 1_000,
      shown: "1 second",
      about: "how long an event waits to leave with others; in seconds in the variable"
    }),
    flushTimeoutMillis: setting({
      options: ["flushTimeout"],
      read: duration,
      fallback: 5_000,
      shown: "5 seconds",
      about: "how long `flush` and the closing of the layer wait"
    }),
    requestTimeoutMillis: setting({
      variables: ["_DD_LLMOBS_WRITER_TIMEOUT"],
      read: Reader.seconds,
      fallback: 10_000,
      shown: "10 seconds",
      about: "how long one request may take"
    }),
    maxBytes: setting({
      options: ["maxBytes"],
      read: aboveZero,
      fallback: 64 * 1024 * 1024,
      shown: "64 MiB",
      about: "the bytes of events in memory"
    }),
    maxEventBytes: setting({
      variables: ["DD_LLMOBS_EVENT_SIZE_BYTES"],
      read: aboveZero,
      fallback: Truncation.defaultLimit,
      about: "an event above it is shrunk"
    }),
    maxPayloadBytes: setting({
      variables: ["DD_LLMOBS_PAYLOAD_SIZE_BYTES"],
      read: aboveZero,
      fallback: IntakeBody.maxBytes,
      about: "the largest request, in bytes; it cannot be raised"
    }),
    overflow: setting({
      options: ["overflow"],
      read: Reader.oneOf(["dropNewest", "dropOldest", "backpressure"]),
      fallback: "dropNewest",
      about: "what becomes of an event without room: [delivery](delivery.md#when-memory-is-full)"
    }),
    durable: setting({
      options: ["durable"],
      read: durable,
      fallback: undefined,
      about: "a folder of files that keep events across the end of the process: [durable outbox](durable-outbox.md)"
    }),
    onProblem: setting({
      options: ["onProblem"],
      read: Reader.callback<NonNullable<Options["onProblem"]>>(),
      fallback: undefined,
      about: "called with every problem of a span or a header, for tests and strict programs"
    }),
    debug: setting({
      variables: ["DD_TRACE_DEBUG"],
      read: Reader.boolean,
      fallback: false,
      about: "`true` logs each step, whatever the log level; at Effect's debug level they are logged without it"
    })
  }
}

/** The settings by their names. */
export const rows = {
  ...table.application,
  ...table.destination,
  ...table.apm,
  ...table.propagation,
  ...table.delivery
}

/** The values of all settings. */
export type Values = {
  readonly [K in keyof typeof rows]: typeof rows[K] extends Setting<infer A, infer F, infer G> ? A | F | G : never
}

/** The variables that are read. */
export type Variable = typeof rows[keyof typeof rows] extends infer R
  ? R extends Setting<unknown, unknown, unknown, string, infer V> ? V : never
  : never
