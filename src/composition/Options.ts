/**
 * The options of a layer.
 */
import type * as Duration from "effect/Duration"
import type * as Redacted from "effect/Redacted"
import type { Problem } from "../domain/Problem.ts"
import type * as ExperimentBaggage from "../domain/propagation/ExperimentBaggage.ts"
import type { Processor } from "../domain/redaction/Redaction.ts"
import type { ApmSpan } from "../domain/span/ApmSpan.ts"

/**
 * A durable outbox: SQLite files in a folder, one for each running layer. Any number of processes of one machine, and
 * of its containers, can name the same directory. Each delivers the events that an ended one left.
 */
export interface DurableOptions {
  /**
   * A directory on a local disk, not on a network. The files are in its subfolder `effect-llmobs`, which is readable by
   * their user only.
   */
  readonly directory: string
  /**
   * A committed event survives the end of the process (`process`, the default), or also the loss of power (`power`),
   * for which every commit is synced to the disk.
   */
  readonly durability?: "process" | "power" | undefined
  /** The largest size of all files together, in bytes. Default: 1 GiB. */
  readonly maxBytes?: number | undefined
}

/**
 * The options of a layer. Each is optional. An unreadable value logs a warning; its variable is read instead, and then
 * the default. Building the layer never fails the application.
 */
export interface Options {
  /** The application that spans belong to, as Datadog shows it. */
  readonly agentService?: string | undefined
  /** An older name of `agentService`. */
  readonly mlApp?: string | undefined
  /** The APM service; by default the name of the program's package. */
  readonly service?: string | undefined
  readonly env?: string | undefined
  readonly version?: string | undefined
  /** Tags of every span. A value that is no text is converted to text, or left out with a warning. */
  readonly tags?: { readonly [key: string]: string } | undefined
  /** The address of the Agent: `http://host:port`, `https://…`, or `unix:///path`. Default: `http://localhost:8126`. */
  readonly agentUrl?: string | undefined
  /** `true`: never use an Agent. `false`: always use one. Default: search for one. */
  readonly agentless?: boolean | undefined
  /** The API key. Surrounding white space is removed. Without a valid key, no event goes directly to an intake. */
  readonly apiKey?: Redacted.Redacted | undefined
  /** The Datadog site, such as `datadoghq.eu`. With an unknown site, no event goes directly to an intake. */
  readonly site?: string | undefined
  /** Accepts a site that is not on Datadog's list. */
  readonly allowUnknownSite?: boolean | undefined
  /** Replaces the origin of the LLM intake. Then every event goes to the intake and none rides a trace. */
  readonly overrideOrigin?: string | undefined
  /**
   * `otlp`: sends events as spans to an endpoint of OTLP. Then no event rides a trace, and no APM spans are written.
   * Default: `datadog`.
   */
  readonly exporter?: "datadog" | "otlp" | undefined
  /** The endpoint of OTLP over HTTP, with its path. Default: `http://localhost:4318/v1/traces`. */
  readonly otlpEndpoint?: string | undefined
  /** Headers of requests to that endpoint, such as the key of a vendor. */
  readonly otlpHeaders?: { readonly [name: string]: string } | undefined
  /** The spans that become APM spans: the local roots and the LLM spans (`llm`, the default), every span, or none. */
  readonly apm?: "llm" | "all" | "off" | undefined
  /**
   * Called with the finished spans of each part of a trace before it is sent; only a long trace has several parts.
   * `false` keeps the part from being sent; the LLM events in it go to the intake. If the filter throws, the trace is
   * sent.
   */
  readonly traceFilter?: ((spans: ReadonlyArray<ApmSpan>) => boolean) | undefined
  /** The share of LLM traces that the backend retains, from 0 to 1. Every event is sent anyway. */
  readonly sampleRate?: number | undefined
  /** Which experiments in baggage are used: `auto` ignores those of browsers, `ignore` all. */
  readonly experimentBaggage?: ExperimentBaggage.Mode | undefined
  /**
   * The members of a request's baggage that become `baggage.*` tags of its APM span; `["*"]` is all of them, `[]` none.
   * Default `user.id`, `session.id` and `account.id`. Redaction rules see these tags.
   */
  readonly baggageTagKeys?: ReadonlyArray<string> | undefined
  /** The time for which an event waits to be sent with others. Default: 1 second. Every wait is at most 24.8 days. */
  readonly flushInterval?: Duration.Input | undefined
  /** The deadline of `flush` and of closing the layer. Default: 5 seconds. */
  readonly flushTimeout?: Duration.Input | undefined
  /** The most bytes of events in memory. Default: 64 MiB. */
  readonly maxBytes?: number | undefined
  /**
   * The treatment of an event for which neither memory (`maxBytes`) nor a durable outbox has room. `dropNewest`, the
   * default, drops it. `dropOldest` drops the oldest events that wait for the intake. With `backpressure` the end of
   * its span waits for room, for at most `flushTimeout`, which suits batch work.
   */
  readonly overflow?: "dropNewest" | "dropOldest" | "backpressure" | undefined
  /**
   * Keeps events on disk too, so that they outlive the process: a later process with the same directory delivers them.
   * Events that exceed the memory go there as well. Without it events are in memory only.
   */
  readonly durable?: DurableOptions | undefined
  /** The time for which a finished span waits for the rest of its trace. Default: 30 seconds. */
  readonly partialFlushAfter?: Duration.Input | undefined
  /** The number of finished spans that leave before their trace is complete. Default: 300. */
  readonly partialFlushMinSpans?: number | undefined
  /**
   * Rules that run, in order, over every event before it is kept or sent. The event is rendered from the last result;
   * returning nothing drops it. If a rule throws, the event loses its content. `effect-llmobs/Redaction` has ready-made
   * rules.
   */
  readonly processors?: ReadonlyArray<Processor> | undefined
  /**
   * With `none`, no content leaves the process. Inputs, outputs, metadata, prompts, tool definitions and the texts of
   * errors are left out of every event, even if rules add them; names, tags, labels, models and metrics stay.
   */
  readonly contentCapture?: "all" | "none" | undefined
  /**
   * Called with every problem: the part of an annotation or a header that was left out, and the reason. It is meant for
   * tests and strict programs; without it each kind of problem is logged once and counted. An error that it throws is
   * counted and has no other effect.
   */
  readonly onProblem?: ((problem: Problem) => void) | undefined
}
