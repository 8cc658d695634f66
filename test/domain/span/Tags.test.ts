import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import * as TagsSchema from "../../../src/domain/schema/Tags.ts"
import * as Tags from "../../../src/domain/span/Tags.ts"
import { makeContext, process } from "../Records.ts"

const input: Tags.Input = {
  process,
  service: "shop",
  context: makeContext(),
  annotated: undefined,
  agentVersion: undefined
}

describe("Tags", () => {
  it("describes the process, with empty texts for unset values", () => {
    assert.deepStrictEqual(
      Tags.resolve({ ...input, process: { ...process, env: undefined, version: undefined } }),
      {
        version: "",
        env: "",
        service: "shop",
        source: "integration",
        ml_app: "shop",
        agent_service: "shop",
        "ddtrace.version": "0.1.0",
        language: "javascript"
      }
    )
  })

  /** The writers of tags, the weakest first: each writes the keys that the ones after it write too. */
  const experiment = {
    experimentId: "e",
    tags: { key: "experiment", "git.commit.sha": "experiment", experiment_id: "e" }
  }
  const annotated = {
    key: "annotated",
    env: "annotated",
    experiment_id: "annotated",
    session_id: "x",
    agent_version: "x"
  }

  it("lets a later writer replace an earlier one, in the order of the table", () => {
    const tags = Tags.resolve({
      process: {
        ...process,
        ddTags: { key: "dd", env: "dd", service: "dd", only: "dd", "git.commit.sha": "dd" },
        git: { commitSha: "git", repositoryUrl: "url" }
      },
      service: "shop",
      context: makeContext({
        kind: "agent",
        labels: { experiment },
        explicit: { sessionId: "s", userId: "u", accountId: "a" }
      }),
      annotated,
      agentVersion: "2"
    })
    assert.deepStrictEqual(tags, {
      key: "annotated",
      env: "annotated",
      service: "shop",
      only: "dd",
      version: "1.2.3",
      source: "integration",
      ml_app: "shop",
      agent_service: "shop",
      "ddtrace.version": "0.1.0",
      language: "javascript",
      "git.repository_url": "url",
      "git.commit.sha": "experiment",
      experiment_id: "annotated",
      session_id: "s",
      "usr.id": "u",
      "usr.account_id": "a",
      agent_version: "2"
    })
  })

  it("does not overwrite an annotated user tag", () => {
    const context = makeContext({ labels: { rum: { userId: "browser" } }, explicit: { userId: "annotated" } })
    assert.strictEqual(Tags.resolve({ ...input, context })["usr.id"], "annotated")
  })

  it("shows that a session was opted out of", () => {
    assert.strictEqual(
      Tags.resolve({ ...input, context: makeContext({ explicit: { sessionId: "" } }) })["session_id"],
      ""
    )
    assert.notProperty(Tags.resolve(input), "session_id")
  })

  it("writes the version of an agent on agent spans alone", () => {
    assert.notProperty(Tags.resolve({ ...input, agentVersion: "2" }), "agent_version")
  })

  it("renders tags in alphabetical order", () => {
    assert.deepStrictEqual(Tags.render({ b: "2", a: "x:y", "": "" }), [":", "a:x:y", "b:2"])
  })

  it("keeps __proto__ as an ordinary key", () => {
    const hostile = JSON.parse(`{"__proto__":"x"}`) as Tags.Tags
    const tags = Tags.resolve({ ...input, annotated: hostile })
    assert.strictEqual(Object.getPrototypeOf(tags), Object.prototype)
    assert.include(Tags.render(tags), "__proto__:x")
    assert.include(Tags.render(Tags.underscored(tags)), "__proto__:x")
  })

  it.prop("leaves no dot in an underscored key, and keeps the values", [TagsSchema.Tags], ([tags]) => {
    const keys = Object.keys(tags)
    const underscored = Tags.underscored(tags)
    for (const key of Object.keys(underscored)) assert.notInclude(key, ".")
    const last = new Map(keys.map((key) => [key.replaceAll(".", "_"), tags[key]]))
    assert.deepStrictEqual(new Map(Object.entries(underscored)), last as Map<string, string>)
  })

  it.prop("leaves its input unchanged", [TagsSchema.Input], ([given]) => {
    const before = Schema.encodeSync(TagsSchema.Input)(given)
    const copy = structuredClone(before)
    Tags.resolve(given)
    assert.deepStrictEqual(Schema.encodeSync(TagsSchema.Input)(given), copy)
  })
})
