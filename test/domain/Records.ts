import type { AnnotationInput } from "../../src/domain/span/Annotation.ts"
import * as Annotation from "../../src/domain/span/Annotation.ts"
import type { ApmSpan } from "../../src/domain/span/ApmSpan.ts"
import * as SpanContext from "../../src/domain/span/SpanContext.ts"
import type { SpanError } from "../../src/domain/span/SpanError.ts"
import type { SpanKind } from "../../src/domain/span/SpanKind.ts"
import type { Finish, SpanRecord } from "../../src/domain/span/SpanRecord.ts"
import * as SpanRecords from "../../src/domain/span/SpanRecord.ts"
import * as Tags from "../../src/domain/span/Tags.ts"

export const apmTraceId = "6a86f1c000000000aa11bb22cc33dd44"

/** The start of a root span that nobody said anything about. */
export const start: SpanContext.Start = {
  kind: "llm",
  name: "chat",
  spanId: "111",
  apmTraceId,
  newTraceId: "6a86f1c00000000044fb6ce732fd0687",
  parent: undefined,
  remote: undefined,
  explicit: {},
  context: {},
  process: {},
  traceDefault: undefined,
  labels: undefined,
  configured: { mlApp: "shop" },
  retention: () => ({ sampleRate: "1", samplingDecision: "1" })
}

export const makeContext = (options: Partial<SpanContext.Start> = {}): SpanContext.SpanContext =>
  SpanContext.resolve({ ...start, ...options })

export const process: Tags.ProcessTags = {
  env: "prod",
  version: "1.2.3",
  ddTags: {},
  git: {},
  libraryVersion: "0.1.0"
}

/** A finished record, made as the recorder makes one. */
export const makeRecord = (options: {
  readonly context?: SpanContext.SpanContext
  readonly annotation?: AnnotationInput
  readonly error?: SpanError
  readonly ancestor?: Finish["ancestor"]
  readonly modelName?: string
  readonly modelProvider?: string
} = {}): SpanRecord => {
  const context = options.context ?? makeContext()
  const annotation = Annotation.parse(context.kind, options.annotation ?? {}).value
  return SpanRecords.finish({
    context,
    startNs: 1_787_299_200_123_456_789n,
    durationNs: 12_345_678,
    modelName: options.modelName,
    modelProvider: options.modelProvider,
    annotation,
    tags: Tags.resolve({
      process,
      service: "shop",
      context,
      annotated: annotation.tags,
      agentVersion: annotation.agentVersion
    }),
    ancestor: options.ancestor,
    error: options.error
  })
}

/** An APM span of a service. */
export const makeApmSpan = (more: Partial<ApmSpan> = {}): ApmSpan => ({
  traceId: apmTraceId,
  spanId: "ffffffffffffffff",
  parentId: undefined,
  name: "n",
  resource: "r",
  service: "s",
  type: "",
  startNs: 1_787_299_200_123_456_789n,
  durationNs: 5,
  error: 0,
  meta: {},
  metrics: {},
  links: [],
  ...more
})

export const kinds: ReadonlyArray<SpanKind> = [
  "llm",
  "agent",
  "workflow",
  "task",
  "tool",
  "embedding",
  "retrieval",
  "experiment"
]
