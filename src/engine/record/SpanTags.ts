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
export const of = (process: Tags.ProcessTags, span: Tagged, annotation: Annotation.Annotation): Tags.Tags =>
  Tags.resolve({
    process,
    service: span.service,
    context: span.context,
    annotated: annotation.tags,
    agentVersion: annotation.agentVersion
  })

/**
 * Adds a later annotation. Its cost tags name tags that the span has at the time of the call; tags that are added later
 * do not count.
 */
export const add = (
  process: Tags.ProcessTags,
  diagnostics: DiagnosticsService,
  span: Tagged,
  annotation: Annotation.Owned,
  said: Annotation.Annotation
): void => {
  const before = annotation.costTags
  Annotation.append(annotation, said)
  if (said.costTags === undefined) return
  const selected = CostTags.select(said.costTags, of(process, span, annotation), before)
  if (selected.problems.length > 0) diagnostics.report(selected.problems, span.context.name)
  annotation.costTags = selected.value
}
