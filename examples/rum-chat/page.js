// The page's script. It is bundled with the RUM browser SDK, as an application's own bundler would do it.
import { datadogRum } from "@datadog/browser-rum"

// What the address of the page asks for: `?traceSampleRate=0` has every trace rejected, `?baggage=off` sends none.
const asked = new URLSearchParams(location.search)

datadogRum.init({
  applicationId: "00000000-0000-4000-8000-000000000000",
  clientToken: "public-token",
  service: "rum-chat-page",
  // Nothing leaves this machine: the server answers in Datadog's place.
  proxy: `${location.origin}/rum-intake`,
  trackingConsent: "granted",
  sessionSampleRate: 100,
  traceSampleRate: Number(asked.get("traceSampleRate") ?? "100"),
  allowedTracingUrls: asked.get("baggage") === "off" ? [] : [location.origin],
  propagateTraceBaggage: true,
  // Rejected traces bring their baggage too; by default RUM sends nothing with them.
  traceContextInjection: "all"
})
datadogRum.setUser({ id: "user 1,é", name: "Ann", email: "ann@example.com" })
datadogRum.setAccount({ id: "acct-1", name: "Ann & Co" })

const sessionId = () => datadogRum.getInternalContext()?.session_id

const post = (body) => ({
  method: "POST",
  headers: { "content-type": "application/json" },
  body: JSON.stringify(body)
})

// Three ways to say which session a chat belongs to. The first needs no code at all.
const ways = {
  baggage: (question) => fetch("/chat", post({ question })),
  body: (question) => fetch("/chat", post({ question, session_id: sessionId() })),
  query: (question) => fetch(`/chat?${new URLSearchParams({ question, session_id: sessionId() })}`)
}

const chat = async (way, question) => (await ways[way](question)).json()

const show = (text) => {
  document.querySelector("#answers").append(Object.assign(document.createElement("li"), { textContent: text }))
}

for (const button of document.querySelectorAll("button")) {
  button.addEventListener("click", async () => {
    const { answer, session } = await chat(button.name, document.querySelector("input").value)
    show(`${answer} (session from ${session})`)
  })
}

// For whoever drives the page from outside.
window.rumChat = { chat, sessionId }
