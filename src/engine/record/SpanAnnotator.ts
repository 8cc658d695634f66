/**
 * Adds to a running span what a program says about it.
 */
import * as Problem from "../../domain/Problem.ts"
import * as Promised from "../../domain/Promised.ts"
import * as Annotation from "../../domain/span/Annotation.ts"
import * as SpanContext from "../../domain/span/SpanContext.ts"
import type { SpanEnd } from "../../ports/Recorder.ts"
import type { OpenContent } from "./OpenContent.ts"
import * as OptionReader from "./OptionReader.ts"
import type { RecordedSpan } from "./RecordedSpan.ts"
import type { Options } from "./RecorderOptions.ts"
import * as SpanTags from "./SpanTags.ts"

export interface SpanAnnotator {
  /** Annotates an open span. Without one, or after its end, the call is reported. */
  readonly annotate: (span: RecordedSpan | undefined, input: Annotation.AnnotationInput) => void
  /** Annotates the output that a program's function makes of the value the span succeeded with, or the default one. */
  readonly makeOutput: (span: RecordedSpan, end: SpanEnd) => void
}

export const make = (
  { diagnostics, settings }: Pick<Options, "diagnostics" | "settings">,
  content: OpenContent
): SpanAnnotator => {
  const annotate = (span: RecordedSpan, input: Annotation.AnnotationInput, isEnding = false): void => {
    const parsed = Annotation.parse(span.context.kind, input)
    const { problems, value } = parsed
    if (problems.length > 0) diagnostics.report(problems, span.context.name)
    // Content of a span that ends now is charged as part of its event.
    const said = isEnding ? value : content.admit(span, value)
    SpanTags.add(settings.process, diagnostics, span, span.annotation, said)
    OptionReader.writeModel(span, parsed, diagnostics.report, span.context.name)
    if (
      said.name !== undefined || said.sessionId !== undefined || said.userId !== undefined ||
      said.accountId !== undefined
    ) {
      span.context = SpanContext.rename(span.context, said)
      if (said.name !== undefined) span.carrier?.rename(said.name)
    }
  }

  const makeOutput = (span: RecordedSpan, { defaultOutput, exit, output }: SpanEnd): void => {
    if (output !== undefined && exit?._tag === "Success") annotateOutput(span, output(exit.value as never))
    else if (defaultOutput !== undefined && span.annotation.output === undefined) annotateOutput(span, defaultOutput())
  }

  const annotateOutput = (span: RecordedSpan, value: unknown): void => {
    if (Promised.take(value)) diagnostics.report([promisedOutput], span.context.name)
    else annotate(span, { output: value as Annotation.SideInput }, true)
  }

  return {
    annotate: (span, input) => {
      if (span === undefined) diagnostics.report([noActiveSpan])
      else if (span.ended) diagnostics.report([finishedSpan], span.context.name)
      else annotate(span, input)
    },
    makeOutput
  }
}

const noActiveSpan = Problem.make(
  "invalid_span_no_active_spans",
  "There is no LLM Observability span to annotate here. Call annotateCurrentSpan inside one."
)

const finishedSpan = Problem.make(
  "invalid_finished_span",
  "The LLM Observability span has ended. Annotate it before its effect ends."
)

const promisedOutput = Problem.make(
  "unreadable_value",
  "The function `output` gave a promise, so the span has no output. Give a plain value.",
  "output"
)
