import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import * as AgentUrl from "../../../src/domain/delivery/AgentUrl.ts"

const fromParts = (parts: Parameters<typeof AgentUrl.fromParts>[0]): string =>
  AgentUrl.render(AgentUrl.fromParts(parts))

describe("AgentUrl", () => {
  it("builds the URL from host and port, else from the socket, else from localhost", () => {
    assert.strictEqual(fromParts({ host: "h", socketExists: true }), "http://h:8126")
    assert.strictEqual(fromParts({ host: "h", port: 1 }), "http://h:1")
    assert.strictEqual(fromParts({ port: 9126, socketExists: true }), "http://localhost:9126")
    assert.strictEqual(fromParts({ socketExists: true }), "unix:///var/run/datadog/apm.socket")
    assert.strictEqual(fromParts({}), "http://localhost:8126")
  })

  it("reads URLs of every allowed form", () => {
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
    assert.strictEqual(fromParts({ host: AgentUrl.parseHost("::1") }), "http://[::1]:8126")
    assert.strictEqual(fromParts({ host: AgentUrl.parseHost("[fe80::1]"), port: 1 }), "http://[fe80::1]:1")
  })

  it("reads a socket path with a space in it as one path without a request", () => {
    const url = AgentUrl.parse("unix:///var/run/my agent/apm é.sock")
    assert.strictEqual(url?._tag === "unix" ? url.socketPath : undefined, "/var/run/my agent/apm é.sock")
    assert.isUndefined(AgentUrl.parse("unix:///var/run/a\nb"))
  })

  it.each([
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
  ])("refuses a URL that cannot be read: %j", (url) => {
    assert.isUndefined(AgentUrl.parse(url))
  })

  it.each(["", "0", "65536", "-1", "1e3", "x"])("refuses a port that cannot be read: %j", (port) => {
    assert.isUndefined(AgentUrl.parsePort(port))
  })

  it.each(["", "a/b", "a@b", "a:b", "a b", "10.0.0.1:8126", "x".repeat(254)])(
    "refuses a host that cannot be read: %j",
    (host) => {
      assert.isUndefined(AgentUrl.parseHost(host))
    }
  )

  it.prop(
    "reads back the address that it renders",
    [Schema.String, Schema.String, Schema.String],
    ([url, host, port]) => {
      const value = AgentUrl.parse(url) ??
        AgentUrl.fromParts({ host: AgentUrl.parseHost(host), port: AgentUrl.parsePort(port) })
      assert.deepStrictEqual(AgentUrl.parse(AgentUrl.render(value)), value)
    }
  )
})
