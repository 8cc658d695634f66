/** The spans of a measurement: their texts, their content, and the trees that they form. */
import type { PlannedSpan } from "./PlannedSpan.ts"
import * as Text from "./Text.ts"

export interface Shape {
  readonly script: Text.Script
  /** The characters of the input, and of the output. */
  readonly characters: number
  /** The spans of a trace: `single`; `nested` one inside the other; or `wide`, as children of one root. */
  readonly tree: "single" | "nested" | "wide"
  readonly spansPerTrace: number
  readonly attributes: number
  readonly annotations: number
}

export const single: Shape = {
  script: "ascii",
  characters: 2_048,
  tree: "single",
  spansPerTrace: 1,
  attributes: 2,
  annotations: 0
}

const nestedKinds = ["agent", "workflow", "task", "tool", "llm"] as const

// Texts are taken in turn, so that no library gains from seeing the same one again and again.
const texts = (shape: Shape): ReadonlyArray<string> => {
  const count = Math.max(2, Math.min(1_024, Math.floor(8_000_000 / shape.characters)))
  return Array.from({ length: count }, (_, seed) => Text.make(shape.script, shape.characters, seed))
}

const attributesOf = (count: number): PlannedSpan["attributes"] => {
  const attributes: { [key: string]: string | number } = {}
  if (count > 0) attributes["temperature"] = 0.2
  if (count > 1) attributes["max_tokens"] = 512
  for (let i = 2; i < count; i++) attributes[`attribute_${i}`] = i % 2 === 0 ? i : `value ${i}`
  return attributes
}

/** Makes plans of a shape, each time of other texts. `pause` is awaited after every 500th span of a wide trace. */
export const planner = (
  shape: Shape,
  more: { readonly pause?: (() => Promise<void>) | undefined; readonly work?: (() => Promise<void>) | undefined } = {}
): (traces: number) => ReadonlyArray<PlannedSpan> => {
  const pool = texts(shape)
  const attributes = attributesOf(shape.attributes)
  let made = 0
  const span = (kind: PlannedSpan["kind"], children: ReadonlyArray<PlannedSpan>): PlannedSpan => {
    const at = made++
    return {
      kind,
      name: kind === "llm" ? "chat" : kind,
      sessionId: `session-${at % 100}`,
      input: pool[at % pool.length]!,
      output: pool[(at * 7 + 1) % pool.length]!,
      attributes,
      annotations: shape.annotations,
      children,
      work: more.work,
      after: shape.tree === "wide" && at % 500 === 499 ? more.pause : undefined
    }
  }
  const tree = (): PlannedSpan => {
    if (shape.tree === "single") return span("llm", [])
    if (shape.tree === "wide") {
      return span("workflow", Array.from({ length: shape.spansPerTrace - 1 }, () => span("llm", [])))
    }
    let inner: ReadonlyArray<PlannedSpan> = []
    for (const kind of nestedKinds.toReversed()) inner = [span(kind, inner)]
    return inner[0]!
  }
  return (traces) => Array.from({ length: traces }, tree)
}
