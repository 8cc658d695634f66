/**
 * The tags of a span while it is recorded.
 */
import * as Annotation from "../../domain/span/Annotation.ts"
import * as CostTags from "../../domain/span/CostTags.ts"
import * as Tags from "../../domain/span/Tags.ts"
import type { DiagnosticsService } from "../../ports/Diagnostics.ts"
import type { PendingContext } from "../../ports/LateRetention.ts"

/** The sources of a span's tags beside its annotation. */
export interface Tagged {
  readonly context: PendingContext
  readonly service: string
}

/** The tags as they are now. */
export const of = (
  process: Tags.ProcessTags,
  span: Tagged,
  annotation: Annotation.Annotation,
  shared?: Tags.Tags
): Tags.Tags =>
  Tags.resolve({
    process,
    service: span.service,
    context: span.context,
    annotated: annotation.tags,
    agentVersion: annotation.agentVersion
  }, shared)

/** Gives the tags of spans that end. Spans that have none of their own share one object, and the others begin with its. */
export const sharing = (
  process: Tags.ProcessTags
): (span: Tagged, annotation: Annotation.Annotation) => Tags.Tags => {
  let shared: { readonly service: string; readonly mlApp: string; readonly tags: Tags.Tags } | undefined
  return (span, annotation) => {
    const { context, service } = span
    const mlApp = context.mlApp.value
    if (shared === undefined || shared.service !== service || shared.mlApp !== mlApp) {
      shared = { service, mlApp, tags: Tags.ofProcess(process, service, mlApp) }
    }
    return annotation.tags !== undefined || annotation.agentVersion !== undefined || hasLabels(context)
      ? of(process, span, annotation, shared.tags)
      : shared.tags
  }
}

const hasLabels = ({ accountId, experiment, session, userId }: PendingContext): boolean =>
  session !== undefined || userId !== undefined || accountId !== undefined || experiment !== undefined

/**
 * Adds a later annotation, which nothing else holds. Its cost tags name tags that the span has at the time of the call;
 * tags that are added later do not count.
 */
export const add = (
  process: Tags.ProcessTags,
  diagnostics: DiagnosticsService,
  span: Tagged,
  annotation: Annotation.Owned,
  said: Annotation.Annotation
): void => {
  const before = annotation.costTags
  Annotation.adopt(annotation, said)
  if (said.costTags !== undefined) selectCost(process, diagnostics, span, annotation, said.costTags, before)
}

/** Keeps those of the `said` cost tags that the span has, beside those from `before`. */
export const selectCost = (
  process: Tags.ProcessTags,
  diagnostics: DiagnosticsService,
  span: Tagged,
  annotation: Annotation.Owned,
  said: ReadonlyArray<string>,
  before: ReadonlyArray<string> | undefined
): void => {
  const selected = CostTags.select(said, of(process, span, annotation), before)
  if (selected.problems.length > 0) diagnostics.report(selected.problems, span.context.name)
  annotation.costTags = selected.value
}
