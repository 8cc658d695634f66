import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import chromium from "@sparticuz/chromium"
import * as Effect from "effect/Effect"
import * as HttpServer from "effect/http/HttpServer"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import type { Browser, Page } from "playwright-core"
import { chromium as driver } from "playwright-core"
import * as ChatServer from "../../examples/rum-chat/ChatServer.ts"
import * as LLMObs from "../../src/layers/LLMObs.ts"
import * as Observed from "../layers/Observed.ts"

const launch = async (): Promise<Browser | string> => {
  try {
    const executablePath = await chromium.executablePath()
    return await driver.launch({ executablePath, args: chromium.args, headless: true, timeout: 120_000 })
  } catch (error) {
    return `Chromium does not start here: ${String(error).split("\n", 1)[0]}`
  }
}

const runtime = ManagedRuntime.make(
  Layer.provideMerge(ChatServer.layer({ port: 0 }), Observed.dev({ mlApp: "rum-chat", service: "rum-chat" }))
)

let browser: Browser | string
// One page for all: this build of Chromium is one process, which ends with its first page.
let page: Page
let url = ""

beforeAll(async () => {
  browser = await launch()
  if (typeof browser === "string") process.stdout.write(`skipped: ${browser}\n`)
  else {
    page = await browser.newPage()
    // A test ends before.
    page.setDefaultTimeout(170_000)
    url = await runtime.runPromise(
      Effect.map(HttpServer.HttpServer, (server) => HttpServer.formatAddress(server.address))
    )
  }
})

afterAll(async () => {
  if (typeof browser !== "string") await browser?.close()
  await runtime.dispose()
})

type Way = "baggage" | "body" | "query"

interface RumChat {
  readonly chat: (way: Way, question: string) => Promise<{ readonly session: string }>
  readonly sessionId: () => string | undefined
}

interface Seen {
  /** The session that the page's RUM reports. */
  readonly browserSession: string
  /** Where the server found the session. */
  readonly source: string
  readonly headers: Record<string, string>
  readonly events: ReadonlyArray<ReturnType<typeof Observed.named>>
}

/** Opens the page as asked, sends one chat, and gives what both sides know of it. */
const send = async (query: string, way: Way): Promise<Seen> => {
  await page.goto(`${url}/${query}`)
  await page.waitForFunction(() => (globalThis as unknown as { rumChat?: RumChat }).rumChat?.sessionId() !== undefined)
  const before = (await runtime.runPromise(LLMObs.DevAgent)).events().length
  const request = page.waitForRequest((sent) => sent.url().includes("/chat"))
  const [browserSession, answer] = await page.evaluate(async (chosen) => {
    const { chat, sessionId } = (globalThis as unknown as { rumChat: RumChat }).rumChat
    return [sessionId()!, await chat(chosen, "Where is my parcel?")] as const
  }, way)
  const { agent } = await runtime.runPromise(Observed.settle)
  return {
    browserSession,
    source: answer.session,
    headers: await (await request).allHeaders(),
    events: agent.events().slice(before)
  }
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

const assertLabelled = (seen: Seen, via: string, who: { readonly user?: string; readonly account?: string }) => {
  assert.match(seen.browserSession, uuid)
  assert.sameMembers(seen.events.map(({ event }) => event["name"]), ["answer", "support"])
  for (const received of seen.events) {
    const tags = Observed.tagsOf(received)
    assert.strictEqual(received.event["session_id"], seen.browserSession)
    assert.strictEqual(tags.get("session_id"), seen.browserSession)
    assert.strictEqual(tags.get("usr.id"), who.user)
    assert.strictEqual(tags.get("usr.account_id"), who.account)
    assert.strictEqual(received.via, via)
    for (const value of tags.values()) assert.notMatch(value, /Ann|example\.com/)
  }
}

const everybody = { user: "user 1,é", account: "acct-1" }

describe("a page that Datadog's RUM watches", () => {
  const inBrowser = (name: string, use: () => Promise<void>) =>
    it(name, async (context) => {
      if (typeof browser === "string") return context.skip(browser)
      await use()
    })

  inBrowser("labels spans with the session, user and account of the page's baggage alone", async () => {
    const seen = await send("", "baggage")
    assert.include(seen.headers["baggage"], `session.id=${seen.browserSession}`)
    assert.strictEqual(seen.headers["x-datadog-origin"], "rum")
    assertLabelled(seen, "trace", everybody)
    assert.strictEqual(seen.source, "rum")
  })

  inBrowser("labels spans with the session in the page's body, which the application can read too", async () => {
    const seen = await send("", "body")
    assertLabelled(seen, "trace", everybody)
    assert.strictEqual(seen.source, "request")
    const alone = await send("?baggage=off", "body")
    assert.isUndefined(alone.headers["baggage"])
    assertLabelled(alone, "trace", {})
    assert.strictEqual(alone.source, "request")
  })

  inBrowser("labels spans with the session in the page's query", async () => {
    const seen = await send("", "query")
    assertLabelled(seen, "trace", everybody)
    assert.strictEqual(seen.source, "request")
    const alone = await send("?baggage=off", "query")
    assertLabelled(alone, "trace", {})
  })

  inBrowser(
    "labels and delivers the events of a trace that the page's RUM rejected",
    async () => {
      const seen = await send("?traceSampleRate=0", "baggage")
      assert.strictEqual(seen.headers["x-datadog-sampling-priority"], "0")
      assertLabelled(seen, "evp", everybody)
      assert.strictEqual(seen.source, "rum")
    }
  )
})
