import { assert, describe, it } from "@effect/vitest"
import * as Exchange from "../../../src/domain/provider/Exchange.ts"
import * as StreamJoin from "../../../src/domain/provider/StreamJoin.ts"
import * as HostileValue from "../HostileValue.ts"
import * as Fixtures from "./Fixtures.ts"

const plain = (u: unknown): unknown => JSON.parse(JSON.stringify(u))

describe("StreamJoin", () => {
  for (const { chunks, expected, name } of Fixtures.all) {
    if (chunks === undefined) continue
    it(`joins ${name} chunk by chunk to the result of its whole list`, () => {
      const stream = StreamJoin.make()
      for (const chunk of chunks) stream.add(chunk)
      assert.deepStrictEqual(plain(Exchange.read(stream.end(), "output").value), expected.output)
    })
  }

  it("accepts no chunk of an unknown dialect", () => {
    const stream = StreamJoin.make()
    for (const chunk of [5, "text", null, [], { foo: 1 }, { role: "user", content: "hi" }]) {
      assert.isFalse(stream.add(chunk))
    }
    assert.isUndefined(stream.end())
  })

  it("stops at its limit, and keeps the chunks until then", () => {
    const stream = StreamJoin.make(1_000)
    let taken = 0
    for (let i = 0; i < 1_000; i++) if (stream.add({ type: "text-delta", id: "1", delta: "0123456789" })) taken += 1
    assert.isBelow(taken, 60)
    assert.strictEqual(Exchange.read(stream.end(), "output").value.messages![0]!.content.length, taken * 10)
  })

  // A join that copied its answer for each chunk would take minutes for these.
  const floods: { readonly [dialect: string]: (i: number) => object } = {
    "OpenAI's chat": (i) => ({ [`k${i}`]: i, choices: [{ index: 0, delta: { content: "x" } }] }),
    "Anthropic": (i) => ({ type: "message_delta", delta: { [`k${i}`]: i } }),
    "Google": (i) => ({ [`k${i}`]: i, candidates: [{ content: { parts: [{ text: "x" }] } }] })
  }

  for (const [dialect, chunk] of Object.entries(floods)) {
    it(`joins a stream of ${dialect} whose every chunk has a member of its own, in linear time`, () => {
      const stream = StreamJoin.make()
      for (let i = 0; i < 10_000; i++) stream.add(chunk(i))
      const joined = stream.end()
      assert.deepStrictEqual([joined?.["k0"], joined?.["k9999"]], [0, 9_999])
    })
  }

  it.prop("joins any values without throwing", [HostileValue.arbitrary], ([hostile]) => {
    const stream = StreamJoin.make()
    for (
      const start of [
        { type: "message_start", message: hostile },
        { type: "response.created", response: hostile },
        { object: "chat.completion.chunk", choices: hostile },
        { candidates: [hostile] },
        { messageStart: { role: hostile } },
        { type: "finish", usage: hostile },
        { lc: 1, id: ["AIMessageChunk"], kwargs: hostile }
      ]
    ) {
      const stream = StreamJoin.make()
      stream.add(start)
      stream.add(hostile)
      stream.end()
    }
    stream.add(hostile)
    stream.end()
  }, { arbitrary: { runs: 100 } })
})
