/**
 * Cost tags: the names of the tags of a span by which Datadog splits its cost.
 *
 * @since 0.1.0
 */
import * as JsonSnapshot from "../json/JsonSnapshot.ts"
import * as Problem from "../Problem.ts"

/**
 * Adds cost tags to those selected before, in order and without repetition.
 *
 * **Details**
 *
 * A cost tag must name a tag that the span has now; `tags` includes those of the same annotation. The others are left
 * out, and one problem points at the first of them.
 *
 * @category combinators
 * @since 0.1.0
 */
export const select = (
  input: unknown,
  tags: { readonly [key: string]: string },
  selected: ReadonlyArray<string> = [],
  path = "costTags"
): Problem.Checked<ReadonlyArray<string>> => {
  if (input === undefined || input === null) return Problem.ok(selected)
  const { problems, value } = JsonSnapshot.take(input, JsonSnapshot.defaultLimits, path)
  if (!Array.isArray(value)) {
    return {
      value: selected,
      problems: [
        Problem.make("invalid_cost_tags", "`costTags` must be a list of keys of tags, such as [\"team\"].", path)
      ]
    }
  }
  const names = new Set(selected)
  let bad: number | undefined
  for (let i = 0; i < value.length; i++) {
    const name: unknown = value[i]
    if (typeof name === "string" && Object.hasOwn(tags, name)) names.add(name)
    else bad ??= i
  }
  return {
    value: names.size === selected.length ? selected : [...names],
    problems: bad === undefined ? problems : [
      ...problems,
      Problem.make(
        "invalid_cost_tags",
        "Each of `costTags` must be the key of a tag that the span already has. The others are left out; set the tag first.",
        `${path}[${bad}]`
      )
    ]
  }
}
