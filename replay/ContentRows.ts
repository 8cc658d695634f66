/**
 * Rows about the content of llm spans: more shapes are understood here, and none is lost.
 */
import * as DecoratedRows from "./DecoratedRows.ts"
import type { Place, Row } from "./Row.ts"
import * as Rows from "./Row.ts"
import type { Json, JsonObject, Scenario } from "./Scenario.ts"
import * as SpanSteps from "./SpanSteps.ts"

const sides = ["input", "output"] as const

const roles = { input: "user", output: "assistant" } as const

/** A captured `meta` with the roles that messages have here. */
export const withRoles = (meta: Json | undefined): Json | undefined =>
  Rows.isObject(meta)
    ? { ...meta, ...Object.fromEntries(sides.flatMap((side) => withRole(meta[side], side))) }
    : meta

const withRole = (given: Json | undefined, side: typeof sides[number]): ReadonlyArray<readonly [string, Json]> => {
  if (!Rows.isObject(given) || !Array.isArray(given["messages"])) return []
  const messages = (given["messages"] as ReadonlyArray<Json>).map((message) =>
    Rows.isObject(message) && message["role"] === "" ? { ...message, role: roles[side] } : message
  )
  return [[side, { ...given, messages }]]
}

/** The messages in the captured events of llm spans, with their paths. Several events can have one id. */
const messages = (
  scenario: Scenario
): ReadonlyArray<{ readonly path: string; readonly message: JsonObject; readonly role: string }> =>
  SpanSteps.of(scenario).filter(SpanSteps.isLlm).flatMap((span) =>
    Rows.events(scenario, span).flatMap(({ event, path }) =>
      sides.flatMap((side) => {
        const meta = event["meta"]
        const given = Rows.isObject(meta) ? meta[side] : undefined
        const isRecorded = side === "input" || !DecoratedRows.isResultOfModel(span)
        const list = isRecorded && Rows.isObject(given) && Array.isArray(given["messages"])
          ? given["messages"] as ReadonlyArray<Json>
          : []
        return list.filter(Rows.isObject).map((message, i) => ({
          path: `${path}.meta.${side}.messages[${i}]`,
          message,
          role: roles[side]
        }))
      })
    )
  )

/** The annotations of llm spans with an object that is no message. */
const objects = (scenario: Scenario) =>
  SpanSteps.of(scenario).filter((span) => span.step.kind === "llm").flatMap((span) =>
    SpanSteps.annotations(span).flatMap(({ args, at }) =>
      sides.flatMap((side) => {
        const given = args[`${side}_data`]
        return Rows.isObject(given) && Object.keys(given).length > 0 && !("content" in given) && !("role" in given)
          ? [{ at, given, path: `${Rows.eventPath(scenario, span)}.meta.${side}.messages[0].content` }]
          : []
      })
    )
  )

/** The annotations of llm spans with a number in place of a message. */
const numbers = (scenario: Scenario) =>
  SpanSteps.of(scenario).filter((span) => span.step.kind === "llm").flatMap((span) =>
    SpanSteps.annotations(span).flatMap(({ args, at }) =>
      sides.flatMap((side) => {
        const given = args[`${side}_data`]
        const path = `${Rows.eventPath(scenario, span)}.meta.${side}`
        return typeof given === "number" ? [{ at, given, path, role: roles[side] }] : []
      })
    )
  )

/** The rows; those of `moving` take events out of the APM spans that the captures have them in. */
export const rows = (moving: ReadonlyArray<Row>): ReadonlyArray<Row> => [
  {
    id: "R-F3-role",
    kind: "R",
    uses: 60,
    why: "F3: a message without a role is the user's in an input and the assistant's in an output",
    places: (scenario): ReadonlyArray<Place> =>
      messages(scenario).filter(({ message }) => message["role"] === "").filter(({ path }) =>
        path.startsWith("$.events") || moving.every((row) => row.places(scenario).length === 0)
      ).map(({ path, role }) => Rows.is(`${path}.role`, role))
  },
  {
    id: "R-F3-unknown",
    kind: "R",
    uses: 2,
    why: "F3: an object that no table knows is recorded as its JSON text, with a problem",
    places: (scenario): ReadonlyArray<Place> =>
      objects(scenario).flatMap(({ at, given, path }) => [
        Rows.is(path, JSON.stringify(given)),
        Rows.is(Rows.problemsPath(at), ["unknown_shape"])
      ])
  },
  {
    id: "R-F3-one-tool",
    kind: "R",
    uses: 1,
    why: "F3: one tool definition is read like a list of one; Python refuses it",
    places: (scenario): ReadonlyArray<Place> =>
      SpanSteps.of(scenario).filter(({ step }) => step.kind === "llm").flatMap((span) =>
        SpanSteps.annotations(span).flatMap(({ args }) => {
          const given = args["tool_definitions"]
          return Rows.isObject(given) && typeof given["name"] === "string"
            ? [Rows.is(`${Rows.eventPath(scenario, span)}.meta.tool_definitions`, [given])]
            : []
        })
      )
  },
  {
    id: "R-F3-number",
    kind: "R",
    uses: 2,
    why: "F3: a number as a message is recorded as its text, with a problem; Python refuses the side",
    places: (scenario): ReadonlyArray<Place> =>
      numbers(scenario).flatMap(({ at, given, path, role }) => [
        Rows.is(path, { messages: [{ content: String(given), role }] }),
        Rows.is(`${Rows.problemsPath(at)}[0]`, "unknown_shape")
      ])
  }
]
