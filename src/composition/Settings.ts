/**
 * The settings of a layer, resolved from its options and the `DD_*` variables.
 */
import type * as Redacted from "effect/Redacted"
import * as AgentUrl from "../domain/delivery/AgentUrl.ts"
import type { Site } from "../domain/delivery/Site.ts"
import * as Sites from "../domain/delivery/Site.ts"
import * as IntakeBody from "../domain/event/IntakeBody.ts"
import type { Problem } from "../domain/Problem.ts"
import * as Problems from "../domain/Problem.ts"
import type { PropagationSettings } from "../domain/propagation/PropagationStyle.ts"
import * as PropagationStyle from "../domain/propagation/PropagationStyle.ts"
import type * as RedactedRecord from "../domain/redaction/RedactedRecord.ts"
import type * as RetentionSampling from "../domain/sampling/RetentionSampling.ts"
import type { SamplingRule } from "../domain/sampling/SamplingRules.ts"
import * as Setting from "../domain/settings/Setting.ts"
import * as SuggestedName from "../domain/settings/SuggestedName.ts"
import * as GitMetadata from "../domain/span/GitMetadata.ts"
import type { Named } from "../domain/span/SpanContext.ts"
import * as Tags from "../domain/span/Tags.ts"
import type * as Overflow from "../engine/outbox/Overflow.ts"
import type { DurableOptions, Options } from "./Options.ts"
import type { Values } from "./SettingsTable.ts"
import type * as SettingsTable from "./SettingsTable.ts"
import { rows } from "./SettingsTable.ts"

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
  /** `explicit` says whether the site was set. A default site does not authorise bypassing the Agent. */
  readonly site: { readonly value: Site; readonly explicit: boolean } | undefined
  readonly allowUnknownSite: boolean
  readonly overrideOrigin: string | undefined
  /** The URL of a proxy for TLS connections. */
  readonly proxy: string | undefined
  /** The hosts that are reached without the proxy. */
  readonly noProxy: ReadonlyArray<string>
  readonly apm: "llm" | "all" | "off"
  readonly traceFilter: Options["traceFilter"]
  readonly retention: RetentionSampling.RetentionSampling
  readonly sampling: {
    readonly rules: ReadonlyArray<SamplingRule>
    readonly sampleRate: number | undefined
    readonly rateLimit: number | undefined
  }
  /** The rules that keep single spans of a rejected trace. */
  readonly spanSampling: ReadonlyArray<SamplingRule>
  /** The path of the file that has these rules. `ResolvedSettings` reads it. */
  readonly spanSamplingFile: string | undefined
  readonly propagation: PropagationSettings
  /** The number of bits of a new trace id. */
  readonly traceIdBits: 64 | 128
  readonly exporter: "datadog" | "otlp"
  readonly otlp: Otlp
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
  /** Called with every problem of an annotation, of a header, of a span. */
  readonly onProblem: ((problem: Problem) => void) | undefined
  /** Whether each step is logged. */
  readonly debug: boolean
  /** The sources of the values. A setting with its default has none. */
  readonly sources: Sources
  /** Whether variables are read at all. */
  readonly readsVariables: boolean
}

/** The endpoint of OTLP that takes the events if the exporter says so. */
export interface Otlp {
  readonly endpoint: AgentUrl.AgentUrl
  readonly headers: { readonly [name: string]: string }
}

/** The source of each setting. */
export type Sources = Partial<Readonly<Record<keyof Values, Setting.Source>>>

/** A variable that is read. */
export type Variable = SettingsTable.Variable

/** The variables that are read. */
export const variables: ReadonlyArray<Variable> = Object.values(rows).flatMap((row) => row.variables ?? [])

/** The variables of which an empty text is a value of its own. */
export const variablesWithEmpty: ReadonlyArray<Variable> = Object.values(rows).flatMap((row) =>
  row.readsBlank === true ? row.variables ?? [] : []
)

const optionNames = Object.values(rows).flatMap((row) => row.options ?? [])

/**
 * The variables as given: the text of each, and the names that look like a setting of LLM Observability.
 */
export interface Environment {
  readonly get: (name: string) => string | undefined
  readonly names: ReadonlyArray<string>
}

const otlpEndpoint = AgentUrl.parse("http://localhost:4318/v1/traces")!

/** No variables at all. */
export const noVariables: Environment = { get: () => undefined, names: [] }

/** Resolves the settings. An option wins over its variable. An unreadable value is reported and passed over. */
export const resolve = (
  options: Options,
  env: Environment,
  facts: { readonly socketExists: boolean }
): Problems.Checked<Settings> => {
  const problems: Array<Problem> = []
  const given: { readonly [name: string]: unknown } = isObject(options) ? options : {}
  if (!isObject(options)) problems.push(badOptions)
  const sources: Partial<Record<keyof Values, Setting.Source>> = {}
  const take = (name: string, row: Setting.Setting<unknown, unknown, unknown>): unknown =>
    Setting.take(row, (n) => given[n], env.get, problems, (source) => {
      sources[name as keyof Values] = source
    })
  const values = Object.fromEntries(Object.entries(rows).map(([name, row]) => [name, take(name, row)])) as Values
  for (const name of unknownNames(given, env)) problems.push(name)
  const { git, tags } = GitMetadata.resolve({
    enabled: values.gitEnabled,
    repositoryUrl: values.gitRepositoryUrl,
    commitSha: values.gitCommitSha,
    tags: values.tags
  })
  const labels = takeLabels(tags)
  const { problems: siteProblems, value: site } = siteOf(values)
  problems.push(...siteProblems)
  return {
    value: {
      enabled: values.enabled,
      mlApp: values.mlApp,
      service: values.service ?? named(values.tags["service"]),
      env: values.env ?? named(values.tags["env"]),
      version: values.version ?? named(values.tags["version"]),
      ddTags: labels.rest,
      processLabels: labels.named,
      git,
      agentUrl: values.agentUrl ??
        AgentUrl.fromParts({ host: values.agentHost, port: values.agentPort, socketExists: facts.socketExists }),
      agentTimeoutMillis: values.agentTimeoutMillis,
      agentless: values.agentless,
      apmAgentless: values.apmAgentless,
      apiKey: values.apiKey,
      site,
      allowUnknownSite: values.allowUnknownSite,
      overrideOrigin: values.overrideOrigin,
      proxy: values.proxy,
      noProxy: values.noProxy,
      exporter: values.exporter,
      otlp: { endpoint: values.otlpEndpoint ?? otlpEndpoint, headers: values.otlpHeaders },
      apm: values.tracing && values.apmTracing && values.exporter !== "otlp" ? values.apm : "off",
      traceFilter: values.traceFilter,
      retention: { sampleRate: values.sampleRate, rules: values.retentionRules },
      sampling: { rules: values.samplingRules, sampleRate: values.samplingRate, rateLimit: values.rateLimit },
      spanSampling: values.spanSamplingRules,
      spanSamplingFile: values.spanSamplingFile,
      propagation: propagation(values),
      traceIdBits: values.traceId128 ? 128 : 64,
      headers: values.headers,
      flushIntervalMillis: values.flushIntervalMillis,
      flushTimeoutMillis: values.flushTimeoutMillis,
      requestTimeoutMillis: values.requestTimeoutMillis,
      maxBytes: values.maxBytes,
      overflow: values.overflow,
      durable: values.durable,
      ...sizesOf(values),
      partialFlushAfterMillis: values.partialFlushAfterMillis,
      partialFlushMinSpans: values.partialFlushEnabled ? values.partialFlushMinSpans : Infinity,
      // If the rules cannot be run, no content may leave.
      redaction: values.processors === "unusable"
        ? { processors: [], capture: "none" }
        : { processors: values.processors, capture: values.contentCapture },
      onProblem: values.onProblem,
      debug: values.debug,
      sources,
      readsVariables: env !== noVariables
    },
    problems
  }
}

const isObject = (u: unknown): u is { readonly [name: string]: unknown } => typeof u === "object" && u !== null

const badOptions = Problems.make("invalid_option", "The options of the layer must be an object. They are ignored.")

const named = (text: string | undefined): string | undefined => text === undefined || text === "" ? undefined : text

// An event that no request could hold would be dropped, although a shrunk one can be sent.
const sizesOf = (values: Values): Pick<Settings, "maxEventBytes" | "maxPayloadBytes"> => {
  const maxPayloadBytes = Math.min(values.maxPayloadBytes, rows.maxPayloadBytes.fallback)
  return {
    maxEventBytes: Math.min(values.maxEventBytes, maxPayloadBytes - IntakeBody.bytesAround),
    maxPayloadBytes
  }
}

const siteOf = ({ allowUnknownSite, site }: Values): Problems.Checked<Settings["site"]> => {
  if (site === "unusable") return Problems.ok(undefined)
  const { problems, value } = Sites.parse(site?.text, {
    allowUnknown: allowUnknownSite,
    setting: site && Setting.label(site.source)
  })
  return { value: value && { value, explicit: site !== undefined }, problems }
}

const propagation = (values: Values): PropagationSettings => ({
  stylesExtract: values.stylesExtract ?? values.styles ?? PropagationStyle.defaults.stylesExtract,
  stylesInject: values.stylesInject ?? values.styles ?? PropagationStyle.defaults.stylesInject,
  extractFirst: values.extractFirst,
  behaviorExtract: values.behaviorExtract,
  baggageTagKeys: values.baggageTagKeys,
  xDatadogTagsMaxLength: values.xDatadogTagsMaxLength,
  experimentBaggage: values.experimentBaggage
})

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

// A misspelt name has no effect, so only this warning shows the mistake.
const unknownNames = (given: { readonly [name: string]: unknown }, env: Environment): ReadonlyArray<Problem> => {
  const problems: Array<Problem> = []
  for (const name of env.names) {
    if (variables.includes(name as Variable) || ofOtherLibraries.test(name)) continue
    const meant = SuggestedName.nearest(name, variables, 4)
    problems.push(Problems.make(
      "invalid_setting",
      `${shown(name)} is not a setting. ${
        meant === undefined ? "The settings page of the documentation lists them." : `Did you mean ${meant}?`
      }`
    ))
  }
  for (const name of keysOf(given)) {
    if (optionNames.includes(name as keyof Options)) continue
    // Other layers extend these options, so unknown names are expected.
    const meant = SuggestedName.nearest(name, optionNames, 2)
    if (meant !== undefined) {
      problems.push(Problems.make("invalid_option", `${shown(name)} is not an option. Did you mean ${meant}?`))
    }
  }
  return problems
}

// The options can be a proxy that throws.
const keysOf = (given: object): ReadonlyArray<string> => {
  try {
    return Object.keys(given)
  } catch {
    return []
  }
}

// Settings of Datadog's libraries for features that this library lacks.
const ofOtherLibraries =
  /^_?DD_LLMOBS_(?:PROJECT_NAME|INSTRUMENTED_PROXY_URLS|PROMPTS_[A-Z_]+|EVALUATORS|EVALUATOR_[A-Z_]+|EXPORT)$/

const shown = (name: string): string => name.slice(0, SuggestedName.maxLength).replace(/[^\x20-\x7e]/g, "?")
