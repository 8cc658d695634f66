/**
 * The types of options, results and services, as `effect-llmobs/LLMObs` exports them.
 *
 * @since 0.2.0
 */
import type { ReceivedRequest } from "../adapters/devagent/AgentReceiver.ts"
import type {
  DevAgent as DevAgentService,
  DevAgentError,
  Options as DevAgentOptions
} from "../adapters/devagent/DevAgent.ts"
import type { ReceivedEvent } from "../adapters/devagent/ReceivedEvents.ts"
import type { DevOptions } from "../composition/DevLayer.ts"
import type { DurableOptions, Options } from "../composition/Options.ts"
import type { AgentManifestInput, AgentToolInput } from "../domain/content/AgentManifest.ts"
import type { PromptInput } from "../domain/content/Prompt.ts"
import type { ToolDefinitionInput, ToolDefinitionsInput } from "../domain/content/ToolDefinition.ts"
import type { Ledger } from "../domain/delivery/Ledger.ts"
import type { Reason as SetAsideReason, SetAside } from "../domain/delivery/SetAside.ts"
import type { AnnotationInput } from "../domain/span/Annotation.ts"
import type { SpanKind } from "../domain/span/SpanKind.ts"
import type { SpanLinkInput } from "../domain/span/SpanLink.ts"
import type { CaptureInput } from "../engine/record/Capture.ts"
import type { FlushReport } from "../ports/Delivery.ts"
import type { ExperimentInput, SpanEnd, SpanOptions } from "../ports/Recorder.ts"
import type { Routing } from "../ports/Routing.ts"

export type {
  /**
   * The declaration of an agent.
   *
   * @category models
   * @since 0.2.0
   */
  AgentManifestInput,
  /**
   * A tool in the declaration of an agent.
   *
   * @category models
   * @since 0.2.0
   */
  AgentToolInput,
  /**
   * An annotation as a user writes it. Every field is optional.
   *
   * @category models
   * @since 0.1.0
   */
  AnnotationInput,
  /**
   * The sides that `capture` records: both, or the selected ones.
   *
   * @category models
   * @since 0.2.0
   */
  CaptureInput,
  /**
   * The embedded Agent could not start.
   *
   * @category errors
   * @since 0.2.0
   */
  DevAgentError,
  /**
   * The options of the embedded Agent: its port, its limits, its behaviour.
   *
   * @category models
   * @since 0.2.0
   */
  DevAgentOptions,
  /**
   * The embedded Agent, as the service `DevAgent` gives it.
   *
   * @category models
   * @since 0.2.0
   */
  DevAgentService,
  /**
   * The options of `layerDev`: those of a layer, and the embedded Agent's.
   *
   * @category models
   * @since 0.2.0
   */
  DevOptions,
  /**
   * The options of the durable outbox.
   *
   * @category models
   * @since 0.2.0
   */
  DurableOptions,
  /**
   * The experiment that a span runs.
   *
   * @category models
   * @since 0.2.0
   */
  ExperimentInput,
  /**
   * The result of a flush: numbers of events by outcome.
   *
   * @category models
   * @since 0.1.0
   */
  FlushReport,
  /**
   * The counts of events by where they are.
   *
   * @category models
   * @since 0.1.0
   */
  Ledger,
  /**
   * The options of a layer. Each one has a `DD_*` variable or a default; see docs/settings.md.
   *
   * @category models
   * @since 0.1.0
   */
  Options,
  /**
   * The prompt template that the messages of a span were made from.
   *
   * @category models
   * @since 0.2.0
   */
  PromptInput,
  /**
   * An event that the embedded Agent received, with the road that it took.
   *
   * @category models
   * @since 0.2.0
   */
  ReceivedEvent,
  /**
   * A request that the embedded Agent received.
   *
   * @category models
   * @since 0.2.0
   */
  ReceivedRequest,
  /**
   * A Datadog account. Omitted fields are the layer's.
   *
   * @category models
   * @since 0.1.0
   */
  Routing,
  /**
   * An undeliverable event, kept for inspection.
   *
   * @category models
   * @since 0.1.0
   */
  SetAside,
  /**
   * The cause for which an event was set aside.
   *
   * @category models
   * @since 0.2.0
   */
  SetAsideReason,
  /**
   * The end of a span. Without a failure and an interruption its status is ok.
   *
   * @category models
   * @since 0.2.0
   */
  SpanEnd,
  /**
   * The kind of a span.
   *
   * @category models
   * @since 0.2.0
   */
  SpanKind,
  /**
   * A link to a span whose output went into this one.
   *
   * @category models
   * @since 0.2.0
   */
  SpanLinkInput,
  /**
   * The options of a span.
   *
   * @category models
   * @since 0.1.0
   */
  SpanOptions,
  /**
   * A tool that a model was offered.
   *
   * @category models
   * @since 0.2.0
   */
  ToolDefinitionInput,
  /**
   * The tools of a model: definitions, or the `tools` of a provider's request unchanged.
   *
   * @category models
   * @since 0.2.0
   */
  ToolDefinitionsInput
}
