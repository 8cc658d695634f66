import { assert, describe, it } from "@effect/vitest"
import * as SessionSource from "../../../src/domain/span/SessionSource.ts"
import * as SpanContext from "../../../src/domain/span/SpanContext.ts"
import { apmTraceId, makeContext, start } from "../Records.ts"

const rum = { sessionId: "rum-session", userId: "rum-user", accountId: "rum-account" }

describe("SpanContext", () => {
  it("gives a root a trace of its own, no parent, and its own retention", () => {
    const asked: Array<string> = []
    const context = makeContext({
      retention: (id) => {
        asked.push(id)
        return { sampleRate: "0.5", samplingDecision: "0" }
      }
    })
    assert.deepStrictEqual(context, {
      kind: "llm",
      name: "chat",
      spanId: "111",
      parentId: "undefined",
      parentSource: undefined,
      traceId: start.newTraceId,
      apmTraceId,
      mlApp: { value: "shop", source: "configured" },
      session: undefined,
      userId: undefined,
      accountId: undefined,
      agent: undefined,
      retention: { sampleRate: "0.5", samplingDecision: "0" },
      experiment: undefined,
      account: undefined
    })
    assert.deepStrictEqual(asked, [apmTraceId])
  })

  it("continues the trace of a parent in this process, whatever came with the request", () => {
    const parent = makeContext({
      kind: "agent",
      name: "support",
      spanId: "7",
      explicit: { sessionId: "s", agentService: "other" }
    })
    const child = makeContext({
      parent,
      spanId: "8",
      newTraceId: "unused",
      remote: { parentId: "99", traceId: "98", mlApp: "upstream", sessionId: "97", agent: { name: "x", spanId: "96" } },
      retention: () => assert.fail("a trace decides once")
    })
    assert.strictEqual(child.parentId, "7")
    assert.strictEqual(child.parentSource, "parent")
    assert.strictEqual(child.traceId, parent.traceId)
    assert.strictEqual(child.retention, parent.retention)
    assert.deepStrictEqual(child.mlApp, { value: "other", source: "parent" })
    assert.deepStrictEqual(child.session, { value: "s", source: "parent", origin: "explicit" })
    assert.deepStrictEqual(child.agent, { name: "support", spanId: "7" })
  })

  it("continues the trace of an upstream's span, with the upstream's retention or none", () => {
    const agent = { name: "up", spanId: "5" }
    const retention = { sampleRate: "0.1", samplingDecision: "0" } as const
    const remote = { parentId: "99", traceId: "98", mlApp: "upstream", sessionId: "s", agent, retention }
    const own = () => assert.fail("an upstream's trace is not decided here")
    const child = makeContext({ remote, retention: own })
    assert.strictEqual(child.parentId, "99")
    assert.strictEqual(child.parentSource, "propagated")
    assert.strictEqual(child.traceId, "98")
    assert.deepStrictEqual(child.mlApp, { value: "upstream", source: "propagated" })
    assert.deepStrictEqual(child.session, { value: "s", source: "propagated", origin: "propagated" })
    assert.strictEqual(child.agent, agent)
    assert.strictEqual(child.retention, retention)
    assert.isUndefined(makeContext({ remote: { parentId: "99" }, retention: own }).retention)
    assert.strictEqual(makeContext({ remote: { parentId: "99" }, retention: own }).traceId, apmTraceId)
  })

  it("starts a new root when an upstream passed on no span, with its application, session and sampling", () => {
    const context = makeContext({ remote: { traceId: "98", mlApp: "upstream", sessionId: "s" } })
    assert.strictEqual(context.parentId, "undefined")
    assert.strictEqual(context.traceId, start.newTraceId)
    assert.strictEqual(context.parentSource, undefined)
    assert.deepStrictEqual(context.mlApp, { value: "upstream", source: "propagated" })
    assert.strictEqual(context.session!.value, "s")
    assert.isDefined(context.retention)
    const retention = { sampleRate: "0.1", samplingDecision: "0" } as const
    const sampled = makeContext({ remote: { retention }, retention: () => assert.fail("the upstream decided") })
    assert.strictEqual(sampled.retention, retention)
    assert.strictEqual(sampled.parentId, "undefined")
    assert.strictEqual(sampled.mlApp.value, "shop")
  })

  it("auto-tags session and user", () => {
    const context = makeContext({ labels: { rum } })
    for (
      const [key, value] of [["session", "rum-session"], ["userId", "rum-user"], ["accountId", "rum-account"]] as const
    ) {
      assert.deepStrictEqual(context[key], { value, source: "rum", origin: "rum" })
    }
  })

  it("does not overwrite an explicit session id", () => {
    const context = makeContext({ labels: { rum }, explicit: { sessionId: "mine" } })
    assert.strictEqual(context.session!.value, "mine")
    assert.strictEqual(context.userId!.value, "rum-user")
  })

  it("partial keys tag only what is present", () => {
    const context = makeContext({ labels: { rum: { userId: "u" } } })
    assert.isUndefined(context.session)
    assert.strictEqual(context.userId!.value, "u")
    assert.isUndefined(context.accountId)
  })

  it("replaces a browser's labels only beneath an ancestor that names its own", () => {
    const parent = makeContext({ labels: { rum }, spanId: "1" })
    const before = makeContext({ parent, labels: { rum }, spanId: "2" })
    const renamed = SpanContext.rename(parent, { userId: "explicit-user" })
    const after = makeContext({ parent: renamed, labels: { rum }, spanId: "3" })
    assert.strictEqual(before.userId!.value, "rum-user")
    assert.deepStrictEqual(after.userId, { value: "explicit-user", source: "parent", origin: "explicit" })
    assert.strictEqual(after.accountId!.value, "rum-account")
  })

  it("prefers the trace's default and the request's session to a browser's session on the parent", () => {
    const parent = makeContext({ labels: { rum }, spanId: "1" })
    const traceDefault = SessionSource.make("default", "propagated")
    assert.strictEqual(makeContext({ parent, labels: { rum }, traceDefault }).session!.value, "default")
    assert.strictEqual(makeContext({ parent, labels: { rum, request: { sessionId: "body" } } }).session!.value, "body")
  })

  it("inherits an experiment, and takes a request's experiment for a root", () => {
    const experiment = { experimentId: "e", tags: { experiment_id: "e" } }
    const other = { experimentId: "f", tags: {} }
    const root = makeContext({ labels: { experiment } })
    assert.strictEqual(root.experiment, experiment)
    assert.strictEqual(makeContext({ parent: root, labels: { experiment: other } }).experiment, experiment)
    assert.strictEqual(makeContext({ parent: root }).experiment, experiment)
  })

  it("renames the given fields as explicit, and keeps the rest", () => {
    const before = makeContext({ labels: { rum } })
    assert.deepStrictEqual(SpanContext.rename(before, {}), before)
    assert.deepStrictEqual(SpanContext.rename(before, { name: "n", sessionId: "", accountId: "a" }), {
      ...before,
      name: "n",
      session: SessionSource.make("", "explicit"),
      accountId: SessionSource.make("a", "explicit")
    })
  })
})
