/**
 * Rows about values that JSON cannot say: Python and JavaScript have different ones, and write them differently.
 */
import { pathOf } from "./Difference.ts"
import type { Place, Row } from "./Row.ts"
import * as Rows from "./Row.ts"
import type { Json, JsonObject, Scenario } from "./Scenario.ts"
import * as SpanSteps from "./SpanSteps.ts"

interface Special {
  readonly kind: string
  readonly value: JsonObject
  /** Where it stands in the event. */
  readonly path: string
  /** The side (`input`, `output`) it is part of, and whether it is the side itself. */
  readonly side: { readonly path: string; readonly given: Json; readonly alone: boolean } | undefined
}

const kindsWithText: { readonly [side: string]: ReadonlySet<string> } = {
  input: new Set(["workflow", "agent", "task", "tool", "retrieval"]),
  output: new Set(["workflow", "agent", "task", "tool"])
}

const within = (value: Json, path: string, side: Special["side"], found: Array<Special>): void => {
  if (Array.isArray(value)) return value.forEach((item: Json, i) => within(item, `${path}[${i}]`, alone(side), found))
  if (!Rows.isObject(value)) return
  if (typeof value["$special"] === "string") {
    found.push({ kind: value["$special"], value, path, side })
    return
  }
  for (const [key, item] of Object.entries(value)) within(item, pathOf(path, key), alone(side), found)
}

const alone = (side: Special["side"]): Special["side"] => side === undefined ? undefined : { ...side, alone: false }

/** The special values that the spans of a scenario end up with, in metadata and in sides that become text. */
const specials = (scenario: Scenario): ReadonlyArray<Special> => {
  const found: Array<Special> = []
  for (const span of SpanSteps.of(scenario)) {
    const event = Rows.eventPath(scenario, span)
    if (event === undefined || !SpanSteps.isLlm(span)) continue
    const metadata: { [key: string]: Json } = {}
    const sides: { [side: string]: Json } = {}
    for (const { args } of SpanSteps.annotations(span)) {
      if (Rows.isObject(args["metadata"])) Object.assign(metadata, args["metadata"])
      if (args["input_data"] !== undefined) sides["input"] = args["input_data"]
      if (args["output_data"] !== undefined) sides["output"] = args["output_data"]
    }
    for (const [key, value] of Object.entries(metadata)) {
      within(value, pathOf(`${event}.meta.metadata`, key), undefined, found)
    }
    for (const [side, given] of Object.entries(sides)) {
      if (!kindsWithText[side]!.has(span.step.kind ?? "")) continue
      const path = `${event}.meta.${side}`
      const isAlone = Rows.isObject(given) && given["$special"] !== undefined
      within(given, `${path}.value${isAlone ? "" : "|json|"}`, { path, given, alone: true }, found)
    }
  }
  return found
}

const row = (
  id: string,
  kind: Row["kind"],
  uses: number,
  why: string,
  place: (special: Special) => Place | undefined
): Row => ({
  id,
  kind,
  uses,
  why,
  places: (scenario) => specials(scenario).flatMap((special) => place(special) ?? [])
})

const unsafe = (special: Special): boolean =>
  special.kind === "int" && !Number.isSafeInteger(Number(special.value["value"]))

const names: { readonly [kind: string]: string } = { nan: "NaN", inf: "Infinity", "-inf": "-Infinity" }

// The form in our JSON of a value with numbers that JSON does not have.
const withNames = (value: Json): Json => {
  if (Array.isArray(value)) return value.map(withNames)
  if (!Rows.isObject(value)) return value
  if (typeof value["$special"] === "string") return names[value["$special"]] ?? value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withNames(item)]))
}

export const rows: ReadonlyArray<Row> = [
  row(
    "L-integer",
    "L",
    2,
    "an integer that a double cannot hold is a bigint here, and its decimal text in JSON",
    (special) => unsafe(special) ? Rows.is(special.path, special.value["value"]!) : undefined
  ),
  row(
    "L-bytes",
    "L",
    2,
    "bytes have no text form: Python writes its own literal, we say how many there are",
    (special) =>
      special.kind === "bytes"
        ? Rows.is(special.path, `[${new TextEncoder().encode(special.value["text"] as string).length} bytes]`)
        : undefined
  ),
  row(
    "L-set",
    "L",
    1,
    "a set is a list in JSON; Python writes its own literal",
    (special) =>
      special.kind !== "set" || special.side === undefined ? undefined : special.side.alone
        ? Rows.is(`${special.path}|json|`, special.value["items"]!)
        : Rows.is(special.path, special.value["items"]!)
  ),
  row(
    "L-hostile",
    "L",
    3,
    "the text for what cannot be read is ours; Python's shows the debug form, which can hold anything",
    (special) => special.kind === "hostile" ? Rows.is(special.path, "[this value could not be read]") : undefined
  ),
  row(
    "L-opaque",
    "L",
    1,
    "an object that is only a text is that text, not a JSON string of it, when it is all there is",
    (special) =>
      special.kind === "opaque" && special.side?.alone === true ? Rows.is(special.path, "opaque-text") : undefined
  ),
  row(
    "S4-metadata",
    "S",
    1,
    "weakness 4: NaN and the infinities are not JSON, and one event with them can void its request",
    (special) =>
      names[special.kind] !== undefined && special.side === undefined
        ? Rows.is(special.path, names[special.kind]!)
        : undefined
  ),
  {
    id: "S4-text",
    kind: "S",
    uses: 1,
    why: "weakness 4, inside the text of a side: its names are texts, so that the text is JSON",
    places: (scenario) => {
      const sides = new Map<string, Json>()
      for (const { kind, side } of specials(scenario)) {
        if (names[kind] !== undefined && side !== undefined && !side.alone) sides.set(side.path, side.given)
      }
      return [...sides].map(([path, given]) => Rows.is(`${path}.value`, JSON.stringify(withNames(given))))
    }
  },
  row(
    "S3-circular",
    "S",
    1,
    "weakness 3: a value that contains itself is recorded with a note, and does not vanish",
    (special) =>
      special.kind === "circular" && special.side?.alone === true
        ? Rows.is(special.side.path, { value: "{\"self\":\"[this value contains itself]\"}" })
        : undefined
  )
]
