/**
 * The settings of a layer, resolved from its options and the `DD_*` variables.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as AgentUrl from "../domain/delivery/AgentUrl.ts"
import type { Site } from "../domain/delivery/Site.ts"
import * as Sites from "../domain/delivery/Site.ts"
import * as WireFormat from "../domain/event/WireFormat.ts"
import type { Problem } from "../domain/Problem.ts"
import * as Problems from "../domain/Problem.ts"
import type { PropagationSettings } from "../domain/propagation/PropagationStyle.ts"
import * as PropagationStyle from "../domain/propagation/PropagationStyle.ts"
import type * as RedactedRecord from "../domain/redaction/RedactedRecord.ts"
import * as RetentionSampling from "../domain/sampling/RetentionSampling.ts"
import type { SamplingRule } from "../domain/sampling/SamplingRules.ts"
import * as SamplingRules from "../domain/sampling/SamplingRules.ts"
import * as DdTags from "../domain/span/DdTags.ts"
import * as GitMetadata from "../domain/span/GitMetadata.ts"
import type { Named } from "../domain/span/SpanContext.ts"
import * as Tags from "../domain/span/Tags.ts"
import type * as Overflow from "../engine/outbox/Overflow.ts"
import type { DurableOptions, Options } from "./Options.ts"

/**
 * @category models
 * @since 0.1.0
 */
export interface Settings {
  readonly enabled: boolean
  readonly mlApp: string | undefined
  readonly service: string | undefined
  readonly env: string | undefined
  readonly version: string | undefined
  readonly ddTags: Tags.Tags
  readonly processLabels: Named
  readonly git: GitMetadata.GitMetadata
  readonly agentUrl: AgentUrl.AgentUrl
  readonly agentTimeoutMillis: number
  readonly agentless: boolean | undefined
  readonly apmAgentless: boolean
  readonly apiKey: Redacted.Redacted | undefined
  /** `explicit` says whether somebody named the site; a default site is no permission to go there. */
  readonly site: { readonly value: Site; readonly explicit: boolean } | undefined
  readonly allowUnknownSite: boolean
  readonly overrideOrigin: string | undefined
  /** The URL of a proxy for TLS connections. */
  readonly proxy: string | undefined
  /** Hosts that are reached without it. */
  readonly noProxy: ReadonlyArray<string>
  readonly apm: "llm" | "all" | "off"
  readonly traceFilter: Options["traceFilter"]
  readonly retention: RetentionSampling.RetentionSampling
  readonly sampling: {
    readonly rules: ReadonlyArray<SamplingRule>
    readonly sampleRate: number | undefined
    readonly rateLimit: number | undefined
  }
  readonly propagation: PropagationSettings
  /** How many bits a new trace id has. */
  readonly traceIdBits: 64 | 128
  readonly headers: { readonly [name: string]: string }
  readonly flushIntervalMillis: number
  readonly flushTimeoutMillis: number
  readonly requestTimeoutMillis: number
  readonly maxBytes: number
  readonly overflow: Overflow.Policy
  readonly durable: DurableOptions | undefined
  readonly maxEventBytes: number
  readonly maxPayloadBytes: number
  readonly partialFlushAfterMillis: number
  readonly partialFlushMinSpans: number
  readonly redaction: RedactedRecord.Policy
  /** Told of every problem of an annotation, of a header, of a span. */
  readonly onProblem: ((problem: Problem) => void) | undefined
}

/**
 * The defaults that are not another concept's.
 *
 * @category constants
 * @since 0.1.0
 */
export const defaults = {
  agentTimeoutMillis: 2_000,
  requestTimeoutMillis: 10_000,
  flushIntervalMillis: 1_000,
  flushTimeoutMillis: 5_000,
  maxBytes: 64 * 1024 * 1024,
  maxEventBytes: 5_000_000,
  maxPayloadBytes: 5_242_879,
  partialFlushAfterMillis: 30_000,
  partialFlushMinSpans: 300
} as const

/**
 * The variables that are read.
 *
 * @category constants
 * @since 0.1.0
 */
export const variables = [
  "DD_LLMOBS_ENABLED",
  "DD_LLMOBS_ML_APP",
  "DD_LLMOBS_AGENTLESS_ENABLED",
  "DD_LLMOBS_SAMPLE_RATE",
  "DD_LLMOBS_SAMPLING_RULES",
  "DD_LLMOBS_OVERRIDE_ORIGIN",
  "DD_LLMOBS_EVENT_SIZE_BYTES",
  "DD_LLMOBS_PAYLOAD_SIZE_BYTES",
  "_DD_LLMOBS_WRITER_INTERVAL",
  "_DD_LLMOBS_WRITER_TIMEOUT",
  "_DD_TRACE_WRITER_ADDITIONAL_HEADERS",
  "_DD_APM_TRACING_AGENTLESS_ENABLED",
  "DD_SERVICE",
  "DD_ENV",
  "DD_VERSION",
  "DD_TAGS",
  "DD_API_KEY",
  "DD_SITE",
  "DD_TRACE_AGENT_URL",
  "DD_AGENT_HOST",
  "DD_TRACE_AGENT_HOSTNAME",
  "DD_TRACE_AGENT_PORT",
  "DD_TRACE_AGENT_TIMEOUT_SECONDS",
  "DD_PROXY_HTTPS",
  "HTTPS_PROXY",
  "https_proxy",
  "DD_PROXY_NO_PROXY",
  "NO_PROXY",
  "no_proxy",
  "DD_TRACE_ENABLED",
  "DD_APM_TRACING_ENABLED",
  "DD_TRACE_API_VERSION",
  "DD_TRACE_SAMPLING_RULES",
  "DD_TRACE_SAMPLE_RATE",
  "DD_TRACE_RATE_LIMIT",
  "DD_TRACE_PARTIAL_FLUSH_ENABLED",
  "DD_TRACE_PARTIAL_FLUSH_MIN_SPANS",
  "DD_TRACE_PROPAGATION_STYLE",
  "DD_TRACE_PROPAGATION_STYLE_EXTRACT",
  "DD_TRACE_PROPAGATION_STYLE_INJECT",
  "DD_TRACE_PROPAGATION_EXTRACT_FIRST",
  "DD_TRACE_PROPAGATION_BEHAVIOR_EXTRACT",
  "DD_TRACE_BAGGAGE_TAG_KEYS",
  "DD_TRACE_X_DATADOG_TAGS_MAX_LENGTH",
  "DD_TRACE_128_BIT_TRACEID_GENERATION_ENABLED",
  "DD_GIT_REPOSITORY_URL",
  "DD_GIT_COMMIT_SHA",
  "DD_TRACE_GIT_METADATA_ENABLED"
] as const

/**
 * @category models
 * @since 0.1.0
 */
export type Variable = typeof variables[number]

/**
 * The variables whose empty text says something else than their absence.
 *
 * @category constants
 * @since 0.1.0
 */
export const variablesWithEmpty: ReadonlyArray<Variable> = ["DD_TRACE_BAGGAGE_TAG_KEYS"]

/**
 * Resolves the settings. An option wins over its variable. What cannot be read is reported and takes its default.
 *
 * @category constructors
 * @since 0.1.0
 */
export const resolve = (
  options: Options,
  env: (name: Variable) => string | undefined,
  facts: { readonly socketExists: boolean }
): Problems.Checked<Settings> => {
  const problems: Array<Problem> = []
  const keep = <A>(checked: Problems.Checked<A>): A => {
    for (const problem of checked.problems) problems.push(problem)
    return checked.value
  }
  const read = reader(env, problems)
  const said = spoken(options, problems)
  const tags = options.tags ?? keep(DdTags.parse(env("DD_TAGS")))
  const { git, tags: ddTags } = GitMetadata.resolve({
    enabled: read.boolean("DD_TRACE_GIT_METADATA_ENABLED") ?? true,
    repositoryUrl: env("DD_GIT_REPOSITORY_URL"),
    commitSha: env("DD_GIT_COMMIT_SHA"),
    tags
  })
  const labels = takeLabels(ddTags)
  const site = keep(Sites.parse(options.site ?? env("DD_SITE"), { allowUnknown: options.allowUnknownSite }))
  const apiKey = options.apiKey ?? redacted(env("DD_API_KEY"))
  keep(WireFormat.apiVersion(env("DD_TRACE_API_VERSION")))
  const tracing = (read.boolean("DD_TRACE_ENABLED") ?? true) && (read.boolean("DD_APM_TRACING_ENABLED") ?? true)
  const styles = env("DD_TRACE_PROPAGATION_STYLE")
  const extract = env("DD_TRACE_PROPAGATION_STYLE_EXTRACT") ?? styles
  const inject = env("DD_TRACE_PROPAGATION_STYLE_INJECT") ?? styles
  const stylesInject = PropagationStyle.parse(inject, PropagationStyle.defaults.stylesInject)
  const origin = named(options.overrideOrigin) ?? named(env("DD_LLMOBS_OVERRIDE_ORIGIN"))
  return {
    value: {
      enabled: read.boolean("DD_LLMOBS_ENABLED") ?? true,
      mlApp: named(options.agentService) ?? named(options.mlApp) ?? named(env("DD_LLMOBS_ML_APP")),
      service: named(options.service) ?? named(env("DD_SERVICE")) ?? named(tags["service"]),
      env: named(options.env) ?? named(env("DD_ENV")) ?? named(tags["env"]),
      version: named(options.version) ?? named(env("DD_VERSION")) ?? named(tags["version"]),
      ddTags: labels.rest,
      processLabels: labels.named,
      git,
      agentUrl: keep(AgentUrl.resolve({
        DD_TRACE_AGENT_URL: options.agentUrl ?? env("DD_TRACE_AGENT_URL"),
        DD_AGENT_HOST: env("DD_AGENT_HOST"),
        DD_TRACE_AGENT_HOSTNAME: env("DD_TRACE_AGENT_HOSTNAME"),
        DD_TRACE_AGENT_PORT: env("DD_TRACE_AGENT_PORT"),
        socketExists: facts.socketExists
      })),
      agentTimeoutMillis: read.seconds("DD_TRACE_AGENT_TIMEOUT_SECONDS") ?? defaults.agentTimeoutMillis,
      agentless: options.agentless ?? read.boolean("DD_LLMOBS_AGENTLESS_ENABLED"),
      apmAgentless: read.boolean("_DD_APM_TRACING_AGENTLESS_ENABLED") ?? false,
      apiKey,
      site: site === undefined
        ? undefined
        : { value: site, explicit: named(options.site ?? env("DD_SITE")) !== undefined },
      allowUnknownSite: options.allowUnknownSite === true,
      overrideOrigin: origin !== undefined && AgentUrl.parse(origin) === undefined
        ? keep({ value: undefined, problems: [badOrigin] })
        : origin,
      proxy: named(env("DD_PROXY_HTTPS")) ?? named(env("HTTPS_PROXY")) ?? named(env("https_proxy")),
      noProxy: list(named(env("DD_PROXY_NO_PROXY")) ?? named(env("NO_PROXY")) ?? named(env("no_proxy"))) ?? [],
      apm: tracing ? options.apm ?? "llm" : "off",
      traceFilter: options.traceFilter,
      retention: keep(RetentionSampling.parse({
        option: options.sampleRate,
        sampleRate: env("DD_LLMOBS_SAMPLE_RATE"),
        rules: env("DD_LLMOBS_SAMPLING_RULES")
      })),
      sampling: {
        rules: keep(SamplingRules.parse(env("DD_TRACE_SAMPLING_RULES") ?? "")),
        sampleRate: read.number("DD_TRACE_SAMPLE_RATE", (n) => n >= 0 && n <= 1),
        rateLimit: read.number("DD_TRACE_RATE_LIMIT", () => true)
      },
      propagation: {
        ...PropagationStyle.defaults,
        stylesExtract: keep(PropagationStyle.parse(extract, PropagationStyle.defaults.stylesExtract)),
        stylesInject: inject === extract ? stylesInject.value : keep(stylesInject),
        extractFirst: read.boolean("DD_TRACE_PROPAGATION_EXTRACT_FIRST") ?? PropagationStyle.defaults.extractFirst,
        behaviorExtract: read.oneOf("DD_TRACE_PROPAGATION_BEHAVIOR_EXTRACT", ["continue", "restart", "ignore"]) ??
          PropagationStyle.defaults.behaviorExtract,
        baggageTagKeys: list(env("DD_TRACE_BAGGAGE_TAG_KEYS")) ?? PropagationStyle.defaults.baggageTagKeys,
        xDatadogTagsMaxLength: read.number("DD_TRACE_X_DATADOG_TAGS_MAX_LENGTH", (n) => n >= 0 && n <= 512) ??
          PropagationStyle.defaults.xDatadogTagsMaxLength,
        experimentBaggage: options.experimentBaggage ?? PropagationStyle.defaults.experimentBaggage
      },
      traceIdBits: read.boolean("DD_TRACE_128_BIT_TRACEID_GENERATION_ENABLED") === false ? 64 : 128,
      headers: additionalHeaders(env("_DD_TRACE_WRITER_ADDITIONAL_HEADERS")),
      flushIntervalMillis: said.duration("flushInterval") ?? read.seconds("_DD_LLMOBS_WRITER_INTERVAL") ??
        defaults.flushIntervalMillis,
      flushTimeoutMillis: said.duration("flushTimeout") ?? defaults.flushTimeoutMillis,
      requestTimeoutMillis: read.seconds("_DD_LLMOBS_WRITER_TIMEOUT") ?? defaults.requestTimeoutMillis,
      maxBytes: said.positive("maxBytes") ?? defaults.maxBytes,
      overflow: said.overflow() ?? "dropNewest",
      durable: said.durable(),
      maxEventBytes: read.number("DD_LLMOBS_EVENT_SIZE_BYTES", (n) => n > 0) ?? defaults.maxEventBytes,
      maxPayloadBytes: Math.min(
        read.number("DD_LLMOBS_PAYLOAD_SIZE_BYTES", (n) => n > 0) ?? defaults.maxPayloadBytes,
        defaults.maxPayloadBytes
      ),
      partialFlushAfterMillis: said.duration("partialFlushAfter") ?? defaults.partialFlushAfterMillis,
      partialFlushMinSpans: read.boolean("DD_TRACE_PARTIAL_FLUSH_ENABLED") === false
        ? Infinity
        : said.positive("partialFlushMinSpans") ??
          read.number("DD_TRACE_PARTIAL_FLUSH_MIN_SPANS", (n) => n >= 1) ?? defaults.partialFlushMinSpans,
      redaction: redaction(options, problems),
      onProblem: options.onProblem
    },
    problems
  }
}

const badOrigin = Problems.make(
  "invalid_setting",
  "DD_LLMOBS_OVERRIDE_ORIGIN is not an http, https or unix URL. It is ignored."
)

const named = (text: string | undefined): string | undefined => text === undefined || text === "" ? undefined : text

const redacted = (text: string | undefined): Redacted.Redacted | undefined =>
  named(text?.trim()) === undefined ? undefined : Redacted.make(text!.trim(), { label: "DD_API_KEY" })

const list = (text: string | undefined): ReadonlyArray<string> | undefined =>
  text === undefined ? undefined : text.split(",").map((word) => word.trim()).filter((word) => word !== "")

const takeLabels = (tags: Tags.Tags): { readonly named: Named; readonly rest: Tags.Tags } => {
  const labels: { -readonly [K in keyof Named]: Named[K] } = {}
  const rest: Array<readonly [string, string]> = []
  for (const entry of Object.entries(tags)) {
    if (Object.hasOwn(Tags.labelKeys, entry[0])) {
      labels[Tags.labelKeys[entry[0] as keyof typeof Tags.labelKeys]] = entry[1]
    } else rest.push(entry)
  }
  return { named: labels, rest: Object.fromEntries(rest) }
}

const additionalHeaders = (text: string | undefined): { readonly [name: string]: string } => {
  const headers: Array<readonly [string, string]> = []
  for (const part of text?.split(",") ?? []) {
    const colon = part.indexOf(":")
    const name = part.slice(0, colon).trim().toLowerCase()
    const value = part.slice(colon + 1).trim()
    if (colon > 0 && /^[!#$%&'*+.^_`|~0-9a-z-]+$/.test(name) && /^[\x20-\x7e]*$/.test(value)) {
      headers.push([name, value])
    }
  }
  return Object.fromEntries(headers)
}

// Rules that cannot be run must not mean that there are none: without them no content leaves.
const redaction = (options: Options, problems: Array<Problem>): RedactedRecord.Policy => {
  const { contentCapture: capture = "all", processors = [] } = options
  const runs = Array.isArray(processors) && processors.every((processor) => typeof processor === "function")
  if (runs && (capture === "all" || capture === "none")) return { processors, capture }
  problems.push(Problems.make(
    "invalid_option",
    runs
      ? "The option contentCapture is neither all nor none. No content is recorded."
      : "The option processors is not a list of functions. No content is recorded."
  ))
  return { processors: [], capture: "none" }
}

// Types keep most mistakes out of options, but not those of a value that was computed, and none in JavaScript.
const spoken = (options: Options, problems: Array<Problem>) => {
  const bad = (name: keyof Options, expected: string): undefined => {
    problems.push(Problems.make("invalid_option", `The option ${name} is not ${expected}. Its default is used.`))
    return undefined
  }
  return {
    duration: (name: "flushInterval" | "flushTimeout" | "partialFlushAfter"): number | undefined => {
      const input = options[name]
      if (input === undefined) return undefined
      const duration = Option.getOrUndefined(Duration.fromInput(input))
      const millis = duration === undefined ? Number.NaN : Duration.toMillis(duration)
      return Number.isFinite(millis) && millis >= 0 ? millis : bad(name, "a finite duration")
    },
    positive: (name: "maxBytes" | "partialFlushMinSpans"): number | undefined => {
      const n = options[name]
      if (n === undefined) return undefined
      return n > 0 ? n : bad(name, "a number above 0")
    },
    overflow: (): Overflow.Policy | undefined => {
      const policy = options.overflow
      if (policy === undefined || policy === "dropNewest" || policy === "dropOldest" || policy === "backpressure") {
        return policy
      }
      return bad("overflow", "dropNewest, dropOldest or backpressure")
    },
    durable: (): DurableOptions | undefined => {
      const { durability, maxBytes, path } = options.durable ?? { path: undefined }
      if (options.durable === undefined) return undefined
      if (typeof path !== "string" || path === "" || path.includes("\0")) return bad("durable", "given a path")
      if (durability !== undefined && durability !== "process" && durability !== "power") {
        bad("durable", "given a durability of `process` or `power`")
        return { path, maxBytes }
      }
      if (maxBytes !== undefined && !(maxBytes > 0)) {
        bad("durable", "given a size above 0")
        return { path, durability }
      }
      return options.durable
    }
  }
}

const reader = (env: (name: Variable) => string | undefined, problems: Array<Problem>) => {
  const bad = (name: Variable, expected: string): undefined => {
    problems.push(Problems.make("invalid_setting", `${name} is not ${expected}. Its default is used.`))
    return undefined
  }
  const number = (name: Variable, accept: (n: number) => boolean): number | undefined => {
    const text = named(env(name)?.trim())
    if (text === undefined) return undefined
    const value = Number(text)
    return Number.isFinite(value) && accept(value) ? value : bad(name, "a number in its range")
  }
  return {
    number,
    seconds: (name: Variable): number | undefined => {
      const value = number(name, (n) => n > 0)
      return value === undefined ? undefined : value * 1000
    },
    boolean: (name: Variable): boolean | undefined => {
      const text = env(name)?.trim().toLowerCase()
      if (text === undefined || text === "") return undefined
      if (text === "true" || text === "1") return true
      if (text === "false" || text === "0") return false
      return bad(name, "true, false, 1 or 0")
    },
    oneOf: <const A extends string>(name: Variable, values: ReadonlyArray<A>): A | undefined => {
      const text = named(env(name)?.trim().toLowerCase())
      if (text === undefined) return undefined
      return values.find((value) => value === text) ?? bad(name, `one of ${values.join(", ")}`)
    }
  }
}
