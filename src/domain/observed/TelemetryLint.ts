/**
 * A linter for what a program tells Datadog: spans that are delivered and accepted, and still not what was meant.
 *
 * @since 0.2.0
 */
import * as EventView from "../event/EventView.ts"
import * as SpanRecord from "../span/SpanRecord.ts"
import * as ObservedSpan from "./ObservedSpan.ts"
import * as SpanTree from "./SpanTree.ts"

type Span = ObservedSpan.ObservedSpan

/**
 * The names of the rules.
 *
 * @category models
 * @since 0.2.0
 */
export type RuleName = keyof typeof table

/**
 * A rule that a span breaks, and the remedy. `message` names tags and metrics, and holds no content.
 *
 * @category models
 * @since 0.2.0
 */
export interface Finding {
  readonly rule: RuleName
  readonly span: Span
  readonly message: string
}

/** The spans around a span, for the rules. */
interface Surroundings {
  readonly parent: Span | undefined
  readonly above: (accepts: (span: Span) => boolean) => Span | undefined
  /** Whether a span below counts tokens. */
  readonly usageBelow: boolean
}

interface Rule {
  /** The description of its findings, for the page of the documentation. */
  readonly finds: string
  /** The mistake of the span and its remedy, if there is one. */
  readonly complaint: (span: Span, around: Surroundings) => string | undefined
}

const tokens = ["input_tokens", "output_tokens", "total_tokens"]

const hasUsage = ({ metrics }: Span): boolean => tokens.some((name) => Object.hasOwn(metrics, name))

const isModelCall = ({ kind }: Span): boolean => kind === "llm" || kind === "embedding"

// A message without a text can call a tool, or hold a picture.
const saysNothing = (side: Span["input"]): boolean =>
  EventView.texts(side).every((text) => text.trim() === "") &&
  !(side.messages ?? []).some((message) => Object.keys(message).length > 2)

const list = (names: ReadonlyArray<string>): string => names.map((name) => SpanTree.quoted(name)).join(", ")

const when = (broken: boolean, complaint: string): string | undefined => broken ? complaint : undefined

const table = {
  "usage-on-parent": {
    finds: "token counts on a span that has spans with token counts below it: Datadog would add both",
    complaint: (span, { usageBelow }) =>
      when(
        !isModelCall(span) && hasUsage(span) && usageBelow,
        "Tokens are counted here and below, so their cost counts twice. Record them on the span of the model call."
      )
  },
  "nested-llm": {
    finds: "an llm span inside an llm span with token counts: one call of a provider, recorded twice",
    complaint: (span, { above }) =>
      when(
        span.kind === "llm" && hasUsage(span) && above((over) => over.kind === "llm" && hasUsage(over)) !== undefined,
        "An llm span above counts tokens too. Record one llm span for each call of a provider."
      )
  },
  "missing-usage": {
    finds: "an llm span that ended well without token counts: Datadog estimates them or shows no cost",
    complaint: (span) =>
      when(
        span.kind === "llm" && span.status === "ok" && !hasUsage(span),
        "No token counts. Annotate `metrics` with the provider's usage."
      )
  },
  "unknown-model": {
    finds: "an llm or embedding span without a model or a provider",
    complaint: (span) => {
      const missing = (["model", "provider"] as const).filter((key) => span[key] === SpanRecord.unknownModel)
      return when(
        isModelCall(span) && missing.length > 0,
        `No ${missing.join(" and no ")}. Name it in the span's options, or annotate it.`
      )
    }
  },
  "empty-input": {
    finds: "an llm span without an input",
    complaint: (span) =>
      when(span.kind === "llm" && saysNothing(span.input), "The input is empty. Annotate `input` with the messages.")
  },
  "empty-output": {
    finds: "an llm span that ended well without an output",
    complaint: (span) =>
      when(
        span.kind === "llm" && span.status === "ok" && saysNothing(span.output),
        "The output is empty. Give `output`, or annotate it."
      )
  },
  "missing-session": {
    finds: "a root without a session: its trace is in no session of a user",
    complaint: (span, { parent }) =>
      when(
        parent === undefined && span.sessionId === undefined,
        "No session. Set `sessionId`, or serve the request with a session."
      )
  },
  orphan: {
    finds: "a span whose parent was not delivered, and is in no other service",
    complaint: (span, { parent }) =>
      when(
        span.parentId !== undefined && parent === undefined && span.parentSource !== "propagated",
        "Its parent was not delivered. End the parent, and let the same layer record both."
      )
  },
  "tag-with-comma": {
    finds: "a tag with a comma: Datadog separates tags by commas",
    complaint: ({ tags }) => {
      const names = Object.keys(tags).filter((name) => name.includes(",") || tags[name]!.includes(","))
      return when(names.length > 0, `A comma separates tags: ${list(names)}. Write a list into \`metadata\`.`)
    }
  },
  "long-tag": {
    finds: "a tag of more than 200 characters: Datadog cuts it off",
    complaint: ({ tags }) => {
      const names = Object.keys(tags).filter((name) => `${name}:${tags[name]!}`.length > longestTag)
      return when(names.length > 0, `Longer than ${longestTag} characters: ${list(names)}. Use \`metadata\`.`)
    }
  },
  "id-in-name": {
    finds: "a name with an id or a long number in it: each value becomes an operation of its own",
    complaint: ({ name }) =>
      when(idInName.test(name), "The name holds an id, so spans cannot be grouped. Put the id into a tag.")
  },
  "wrong-total": {
    finds: "total_tokens that are not the sum of input_tokens and output_tokens",
    complaint: ({ metrics }) => {
      const { input_tokens: input, output_tokens: output, total_tokens: total } = metrics
      return when(
        input !== undefined && output !== undefined && total !== undefined && total !== input + output,
        `total_tokens is ${total}, input and output are ${(input ?? 0) + (output ?? 0)} together.`
      )
    }
  },
  truncated: {
    finds: "an event that was too large, so that content was left out",
    complaint: ({ collectionErrors }) =>
      when(collectionErrors !== undefined, "The event was too large and lost content. Record less of it.")
  }
} satisfies { readonly [name: string]: Rule }

const longestTag = 200

// A UUID, 16 hex digits or more, or a number of more digits than a date has.
const idInName = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-|[0-9a-f]{16}|\d{9}/i

/**
 * The rules, with what each finds.
 *
 * @category constants
 * @since 0.2.0
 */
export const rules: { readonly [K in RuleName]: string } = Object.fromEntries(
  Object.entries(table).map(([name, { finds }]) => [name, finds])
) as { readonly [K in RuleName]: string }

/**
 * The rules to leave out.
 *
 * @category models
 * @since 0.2.0
 */
export interface Options {
  readonly except?: ReadonlyArray<RuleName> | undefined
}

/**
 * The findings of the rules, span by span in the order of their start.
 *
 * @category combinators
 * @since 0.2.0
 */
export const check = (spans: ReadonlyArray<Span>, options: Options = {}): ReadonlyArray<Finding> => {
  const ordered = ObservedSpan.inOrder(spans)
  const parents = SpanTree.parents(SpanTree.make(spans))
  const withUsageBelow = new Set<Span>()
  for (const span of ordered) {
    if (!hasUsage(span)) continue
    // Above a span that is known, everything is.
    for (let over = parents.get(span); over !== undefined && !withUsageBelow.has(over); over = parents.get(over)) {
      withUsageBelow.add(over)
    }
  }
  const active = (Object.entries(table) as Array<[RuleName, Rule]>).filter(([name]) => !options.except?.includes(name))
  return ordered.flatMap((span) => {
    const around: Surroundings = {
      parent: parents.get(span),
      usageBelow: withUsageBelow.has(span),
      above: (accepts) => {
        for (let over = parents.get(span); over !== undefined; over = parents.get(over)) {
          if (accepts(over)) return over
        }
        return undefined
      }
    }
    return active.flatMap(([rule, { complaint }]) => {
      const message = complaint(span, around)
      return message === undefined ? [] : [{ rule, span, message }]
    })
  })
}

/**
 * The traces as trees, with what was found below each span; `undefined` when nothing was.
 *
 * @category combinators
 * @since 0.2.0
 */
export const explain = (spans: ReadonlyArray<Span>, findings: ReadonlyArray<Finding>): string | undefined => {
  if (findings.length === 0) return undefined
  const bySpan = Map.groupBy(findings, ({ span }) => span)
  return [
    findings.length === 1 ? "The linter has 1 finding." : `The linter has ${findings.length} findings.`,
    "",
    SpanTree.render(spans, {
      notes: (span) => (bySpan.get(span) ?? []).map(({ message, rule }) => `✗ ${rule}: ${message}`)
    })
  ].join("\n")
}
