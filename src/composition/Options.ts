/**
 * The options of a layer.
 */
import type * as Duration from "effect/Duration"
import type * as Redacted from "effect/Redacted"
import type { Problem } from "../domain/Problem.ts"
import type * as ExperimentBaggage from "../domain/propagation/ExperimentBaggage.ts"
import type { Processor } from "../domain/redaction/Redaction.ts"
import type { ApmSpan } from "../domain/span/ApmSpan.ts"
import type * as Overflow from "../engine/outbox/Overflow.ts"

/**
 * A durable outbox: SQLite files in a folder, one for each layer that runs. Any number of processes of one machine, and of
 * its containers, can name the same directory; each delivers what an ended one left.
 */
export interface DurableOptions {
  /**
   * A directory on a disk of this machine, not on a network. The files lie in its subfolder `effect-llmobs`, which is made
   * for their user only.
   */
  readonly directory: string
  /**
   * A committed event survives the end of the process (`process`, the default), or the loss of power too (`power`), for
   * which every commit is brought to the disk.
   */
  readonly durability?: "process" | "power" | undefined
  /** The size of all files together at most, in bytes. Default 1 GiB. */
  readonly maxBytes?: number | undefined
}

/**
 * The options of a layer. Each is optional. A value that cannot be read warns and is passed over: its variable is asked,
 * and then its default holds. Building the layer never fails the application.
 */
export interface Options {
  /** The application that spans belong to, as Datadog shows it. */
  readonly agentService?: string | undefined
  /** The same as `agentService`, by its older name. */
  readonly mlApp?: string | undefined
  /** The APM service; by default the name of the program's package. */
  readonly service?: string | undefined
  readonly env?: string | undefined
  readonly version?: string | undefined
  /** Tags of every span. A value that is no text becomes text, or is left out with a warning. */
  readonly tags?: { readonly [key: string]: string } | undefined
  /** Where the Agent is: `http://host:port`, `https://…`, or `unix:///path`. Default `http://localhost:8126`. */
  readonly agentUrl?: string | undefined
  /** `true`: never use an Agent; `false`: never do without one; left out: find out. */
  readonly agentless?: boolean | undefined
  /** The API key. White space around it is left out. Without a key that can be sent, no event goes to an intake directly. */
  readonly apiKey?: Redacted.Redacted | undefined
  /** The Datadog site, such as `datadoghq.eu`. With one that is not known, no event goes to an intake directly. */
  readonly site?: string | undefined
  /** Accepts a site that is not on Datadog's list. */
  readonly allowUnknownSite?: boolean | undefined
  /** Replaces the origin of the LLM intake. Then every event goes to the intake and none rides a trace. */
  readonly overrideOrigin?: string | undefined
  /** Which spans become APM spans: the local roots and the LLM spans (`llm`, the default), every span, or none. */
  readonly apm?: "llm" | "all" | "off" | undefined
  /**
   * Called with the finished spans of each part of a trace that is about to leave; a trace leaves in one part unless it is
   * long. `false` keeps the part from being sent; the LLM events in it go to the intake. If the filter throws, the trace
   * is sent.
   */
  readonly traceFilter?: ((spans: ReadonlyArray<ApmSpan>) => boolean) | undefined
  /** The share of LLM traces that the backend retains, from 0 to 1. Every event is sent all the same. */
  readonly sampleRate?: number | undefined
  /** Whether experiments in baggage are believed: `auto` believes all but those of browsers, `ignore` none. */
  readonly experimentBaggage?: ExperimentBaggage.Mode | undefined
  /**
   * The members of a request's baggage that become `baggage.*` tags of its APM span; `["*"]` is all of them, `[]` none.
   * Default `user.id`, `session.id` and `account.id`. Redaction rules see these tags.
   */
  readonly baggageTagKeys?: ReadonlyArray<string> | undefined
  /** How long an event waits to leave with others. Default 1 second. Every wait is at most 24.8 days. */
  readonly flushInterval?: Duration.Input | undefined
  /** How long `flush` and the closing of the layer wait. Default 5 seconds. */
  readonly flushTimeout?: Duration.Input | undefined
  /** The bytes of events that are held in memory at most. Default 64 MiB. */
  readonly maxBytes?: number | undefined
  /**
   * The rule for an event that neither memory (`maxBytes`) nor a durable outbox has room for. `dropNewest`, the default,
   * drops it. `dropOldest` drops the oldest ones that wait for the intake. With `backpressure` the end of its span waits
   * for room, for at most `flushTimeout`: for batch work that may be slowed down.
   */
  readonly overflow?: Overflow.Policy | undefined
  /**
   * Keeps events on disk too, so that they outlive the process: what one leaves, the next one that names the same file
   * delivers. Memory's overflow goes there as well. Left out, events are in memory only.
   */
  readonly durable?: DurableOptions | undefined
  /** How long a finished span waits for the rest of its trace. Default 30 seconds. */
  readonly partialFlushAfter?: Duration.Input | undefined
  /** How many finished spans of a trace that is not complete leave without it. Default 300. */
  readonly partialFlushMinSpans?: number | undefined
  /**
   * Rules that run, in order, over every event before it is kept or sent anywhere. The event is what the last one returns;
   * returning nothing drops it. A rule that throws costs the event its content. `effect-llmobs/Redaction` has ready ones.
   */
  readonly processors?: ReadonlyArray<Processor> | undefined
  /**
   * `none`: no content leaves the process. Inputs, outputs, metadata, prompts, tool definitions and the texts of errors
   * are left out of every event, whatever the rules return; names, tags, labels, models and metrics stay.
   */
  readonly contentCapture?: "all" | "none" | undefined
  /**
   * Called with every problem as it is found: which part of an annotation or a header was left out, and why. For tests and
   * for strict programs; without it each kind of problem is logged once and counted. An error that it throws is counted
   * and has no other effect.
   */
  readonly onProblem?: ((problem: Problem) => void) | undefined
}
