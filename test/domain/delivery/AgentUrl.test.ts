import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import * as AgentUrl from "../../../src/domain/delivery/AgentUrl.ts"

const rendered = (settings: AgentUrl.Settings): string => AgentUrl.render(AgentUrl.resolve(settings).value)

describe("AgentUrl", () => {
  it("prefers the URL, then host and port, then the socket, then localhost", () => {
    const url = { DD_TRACE_AGENT_URL: "http://agent:9000", DD_AGENT_HOST: "other", DD_TRACE_AGENT_PORT: "1" }
    assert.strictEqual(rendered({ ...url, socketExists: true }), "http://agent:9000")
    assert.strictEqual(rendered({ DD_AGENT_HOST: "h", socketExists: true }), "http://h:8126")
    assert.strictEqual(rendered({ DD_TRACE_AGENT_HOSTNAME: "h", DD_TRACE_AGENT_PORT: "1" }), "http://h:1")
    assert.strictEqual(rendered({ DD_AGENT_HOST: "h", DD_TRACE_AGENT_HOSTNAME: "i" }), "http://h:8126")
    assert.strictEqual(rendered({ DD_TRACE_AGENT_PORT: "9126", socketExists: true }), "http://localhost:9126")
    assert.strictEqual(rendered({ socketExists: true }), "unix:///var/run/datadog/apm.socket")
    assert.strictEqual(rendered({}), "http://localhost:8126")
    assert.strictEqual(rendered({ DD_TRACE_AGENT_URL: " ", DD_AGENT_HOST: "" }), "http://localhost:8126")
  })

  it("reads URLs", () => {
    assert.deepStrictEqual(AgentUrl.parse("https://agent.example/base/"), {
      _tag: "https",
      host: "agent.example",
      port: 443,
      authority: "agent.example:443",
      basePath: "/base"
    })
    assert.deepStrictEqual(AgentUrl.parse("unix:///tmp/apm.socket"), {
      _tag: "unix",
      socketPath: "/tmp/apm.socket",
      authority: "localhost",
      basePath: ""
    })
    assert.strictEqual(AgentUrl.render(AgentUrl.parse("HTTP://a")!), "http://a:80")
    assert.strictEqual(AgentUrl.render(AgentUrl.parse("http://user:secret@a:1/?x#y")!), "http://a:1")
    assert.strictEqual(AgentUrl.render(AgentUrl.parse("http://127.0.0.1:8126")!), "http://127.0.0.1:8126")
  })

  it("reads IPv6 addresses, with brackets in a URL and either way as a host", () => {
    assert.deepStrictEqual(AgentUrl.parse("http://[::1]:5000"), {
      _tag: "http",
      host: "::1",
      port: 5_000,
      authority: "[::1]:5000",
      basePath: ""
    })
    assert.strictEqual(rendered({ DD_AGENT_HOST: "::1" }), "http://[::1]:8126")
    assert.strictEqual(rendered({ DD_AGENT_HOST: "[fe80::1]", DD_TRACE_AGENT_PORT: "1" }), "http://[fe80::1]:1")
  })

  it("passes over a setting that it cannot read, and does not repeat it", () => {
    const urls = [
      "agent:8126",
      "ftp://agent",
      "http://",
      "http://a:0",
      "http://a:65536",
      "http://a:b",
      "http://a b",
      "http://a\r\nx: y",
      "http://[::1",
      "http://[zz]",
      "unix://",
      "unix://host/path",
      "http://a..b",
      "http://é"
    ]
    for (const url of urls) {
      const { problems, value } = AgentUrl.resolve({ DD_TRACE_AGENT_URL: url, DD_AGENT_HOST: "next" })
      assert.strictEqual(AgentUrl.render(value), "http://next:8126", url)
      assert.deepStrictEqual(problems.map((p) => p.code), ["invalid_setting"])
      assert.notInclude(problems[0]!.message, url)
    }
    for (const port of ["0", "65536", "-1", "1e3", "x"]) {
      const { problems, value } = AgentUrl.resolve({ DD_TRACE_AGENT_PORT: port })
      assert.strictEqual(AgentUrl.render(value), "http://localhost:8126")
      assert.strictEqual(problems.length, 1)
    }
    for (const host of ["a/b", "a@b", "a:b", "a b", "10.0.0.1:8126", "x".repeat(254)]) {
      const { problems, value } = AgentUrl.resolve({ DD_AGENT_HOST: host })
      assert.strictEqual(AgentUrl.render(value), "http://localhost:8126", host)
      assert.strictEqual(problems.length, 1)
    }
  })

  it.prop("reads back what it shows", [Schema.String, Schema.String, Schema.String], ([url, host, port]) => {
    const settings = { DD_TRACE_AGENT_URL: url, DD_AGENT_HOST: host, DD_TRACE_AGENT_PORT: port }
    const { value } = AgentUrl.resolve(settings)
    assert.deepStrictEqual(AgentUrl.parse(AgentUrl.render(value)), value)
  })
})
