import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import * as Baggage from "../../../src/domain/propagation/Baggage.ts"
import * as RequestSession from "../../../src/domain/propagation/RequestSession.ts"

const query = (url: string, name = "session_id") => RequestSession.fromQuery(url, name)
const json = (text: string, name = "session_id") => RequestSession.fromJson(text, name)

describe("RequestSession", () => {
  describe("in a query", () => {
    const found: ReadonlyArray<readonly [url: string, session: string | undefined]> = [
      ["/chat?session_id=a", "a"],
      ["http://h/chat?x=1&session_id=a&y=2", "a"],
      ["/chat?session%5Fid=a%20b+c%C3%A9", "a b cé"],
      ["/chat?session_id=a=b", "a=b"],
      ["/chat?session_id=a#session_id=b", "a"],
      ["/chat?session_id=a&session_id=b", "a"],
      ["/chat", undefined],
      ["/chat?", undefined],
      ["/chat?session_id", undefined],
      ["/chat?session_id=", undefined],
      ["/chat?xsession_id=a&session_idx=b", undefined],
      ["/chat#?session_id=a", undefined],
      ["/session_id=a", undefined]
    ]
    for (const [url, session] of found) {
      it(`${url} names ${session ?? "none"}`, () => {
        assert.deepStrictEqual(query(url), { value: session, problems: [] })
      })
    }

    for (const bad of ["%", "%ff", "a%00b", "%E2%80%AEb", "x".repeat(201)]) {
      it(`leaves out a query's invalid session, and does not repeat it: ${bad.slice(0, 20)}`, () => {
        const { problems, value } = query(`/?session_id=${bad}`)
        assert.isUndefined(value)
        assert.deepStrictEqual(problems.map((problem) => problem.code), ["invalid_session_id"])
        assert.notInclude(problems[0]!.message, bad)
      })
    }

    it("ignores a query parameter beyond the limit, or cut by it", () => {
      const fill = (n: number) => "x".repeat(n)
      const { limits } = RequestSession
      assert.isUndefined(query(`/?${fill(limits.query)}&session_id=a`).value)
      assert.isUndefined(query(`/?${fill(limits.query - 14)}&session_id=abcdef`).value)
      assert.strictEqual(query(`/?${fill(limits.query - 14)}&session_id=a&${fill(100)}`).value, "a")
      assert.strictEqual(query(`/?session_id=a&${fill(1_000_000)}`).value, "a")
    })
  })

  describe("in a body", () => {
    it("reads the session from a body's own field of text", () => {
      assert.strictEqual(json("{\"session_id\":\"a\",\"x\":[1]}").value, "a")
      assert.strictEqual(json("{\"__proto__\":\"a\"}", "__proto__").value, "a")
      for (const text of ["", "{", "null", "1", "\"session_id\"", "[\"session_id\"]", "{}", "{\"session_id\":null}"]) {
        assert.deepStrictEqual(json(text), { value: undefined, problems: [] }, text)
      }
      for (const name of ["__proto__", "constructor", "toString", "hasOwnProperty"]) {
        assert.deepStrictEqual(json("{}", name), { value: undefined, problems: [] }, name)
      }
    })

    for (const value of ["7", "true", "{}", "[\"a\"]", "\"a\\u0000\"", JSON.stringify("x".repeat(201))]) {
      it(`leaves out a body's session of another type, with a problem: ${value.slice(0, 20)}`, () => {
        const read = json(`{"session_id":${value}}`)
        assert.isUndefined(read.value)
        assert.strictEqual(read.problems[0]?.code, "invalid_session_id", value)
      })
    }

    it("leaves out a body's session that throws when it is read", () => {
      const hostile = new Proxy({}, {
        getOwnPropertyDescriptor: () => {
          throw new Error("no")
        }
      })
      assert.isUndefined(RequestSession.fromBody(hostile, "session_id").value)
      assert.isUndefined(
        RequestSession.fromBody({
          get session_id() {
            throw new Error("no")
          }
        }, "session_id").value
      )
    })

    it("ignores a body above the limit", () => {
      const text = JSON.stringify({ session_id: "a", x: "x".repeat(RequestSession.limits.body) })
      assert.isUndefined(json(text).value)
    })
  })

  it.prop(
    "finds a written session in query and body exactly when it is a label",
    { value: Schema.String, name: Schema.NonEmptyString },
    ({ name, value }) => {
      // The query below has an `a` of its own, and the first one counts.
      if (!value.isWellFormed() || !name.isWellFormed() || name === "a") return
      const expected = Baggage.isLabel(value) ? value : undefined
      assert.strictEqual(
        query(`/?a=1&${encodeURIComponent(name)}=${encodeURIComponent(value)}&b=2`, name).value,
        expected
      )
      assert.strictEqual(json(JSON.stringify(Object.fromEntries([[name, value]])), name).value, expected)
    }
  )

  it("decides which bodies are worth reading", () => {
    const readable = (contentType: string | undefined, contentLength?: string, method = "POST") =>
      RequestSession.isReadable({ method, contentType, contentLength })
    for (const type of ["application/json", "Application/JSON; charset=utf-8", "application/vnd.api+json"]) {
      assert.isTrue(readable(type), type)
    }
    for (const type of [undefined, "", "text/plain", "application/x-www-form-urlencoded", "text/x+json", "json"]) {
      assert.isFalse(readable(type), type)
    }
    assert.isTrue(readable("application/json", "65536"))
    for (const length of ["65537", "0", "-1", "x", "1e9"]) assert.isFalse(readable("application/json", length), length)
    assert.isFalse(readable("application/json", undefined, "GET"))
  })
})
