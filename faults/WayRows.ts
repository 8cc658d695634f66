/**
 * Rows in which the way to the Agent or the intake is wrong at first: its name, its certificate, the key.
 */
import * as Effect from "effect/Effect"
import * as Tls from "node:tls"
import type { Certificate } from "./Certificate.ts"
import * as Certificates from "./Certificate.ts"
import * as ConnectProxies from "./ConnectProxy.ts"
import { until } from "./Eventually.ts"
import * as KeyGate from "./KeyGate.ts"
import * as NameLookup from "./NameLookup.ts"
import type { Row, Stage } from "./Row.ts"
import { apiKey } from "./Row.ts"
import * as TlsFront from "./TlsFront.ts"
import { allBut, once } from "./Verdict.ts"

const events = 20

const name = NameLookup.make("agent-of-the-fault-matrix")

// An address of no machine, which only a proxy's tunnel leads to.
const distant = "192.0.2.1"

// The certificates that this process trusts besides those it always does.
const trusted = Certificates.selfSigned({ name: "trusted" })
const trustedDistant = Certificates.selfSigned({ name: "distant", address: distant })
Tls.setDefaultCACertificates([...Tls.getCACertificates("default"), trusted.cert, trustedDistant.cert])

/** While it is refused no request gets through; then the right one is shown. */
const tls = (row: string, wrong: () => Certificate | undefined, direct: boolean): Row => {
  let front: TlsFront.TlsFront
  return {
    name: `${direct ? "direct: " : ""}TLS: ${row}`,
    promised: once,
    direct,
    prepare: ({ agent }) =>
      Effect.map(TlsFront.make(agent), (made) => {
        front = made
        made.show(wrong())
      }),
    options: () => direct ? { overrideOrigin: front.url } : { agentUrl: front.url },
    run: ({ agent, emit, pending, wait }) =>
      Effect.gen(function*() {
        yield* emit(events)
        yield* emit(events, { road: "trace" })
        yield* until(() => front.connections() > 0)
        yield* Effect.sleep(500)
        const held = yield* pending
        if (agent.requests().length > 0 || front.requests() > 0) return "a request went out"
        if (front.connections() === 0) return "nobody connected"
        if (held !== 2 * events) return `${held} were held`
        front.show(trusted)
        yield* wait(40_000)
        return undefined
      })
  }
}

const day = 24 * 3_600_000

const tlsRows = (direct: boolean): ReadonlyArray<Row> => [
  tls("a certificate nobody vouches for", () => Certificates.selfSigned({ name: "unknown" }), direct),
  tls("plain text where TLS is expected", () => undefined, direct),
  tls(
    "a certificate for another address",
    () => Certificates.selfSigned({ name: "other", address: "127.0.0.2" }),
    direct
  ),
  tls(
    "a certificate that has expired",
    () => Certificates.selfSigned({ name: "expired", from: Date.now() - 3 * day }),
    direct
  )
]

/** The answer of a proxy to CONNECT is never taken for the answer of the intake. */
const connect = (...answers: ReadonlyArray<number>): Row => {
  const env: { HTTPS_PROXY?: string } = {}
  let proxy: ConnectProxies.ConnectProxy
  let front: TlsFront.TlsFront
  return {
    name: `direct: a proxy answers CONNECT with ${answers.join(", ")}, then tunnels`,
    promised: once,
    direct: true,
    env,
    options: { overrideOrigin: `https://${distant}` },
    prepare: ({ agent }) =>
      Effect.gen(function*() {
        front = yield* TlsFront.make(agent)
        front.show(trustedDistant)
        proxy = yield* ConnectProxies.make(answers)
        env.HTTPS_PROXY = proxy.url
      }),
    run: ({ emit, pending, wait }) =>
      Effect.gen(function*() {
        yield* emit(events)
        yield* until(() => proxy.refused() > 0)
        const held = yield* pending
        if (held !== events) return `${held} were held`
        yield* until(() => proxy.refused() >= answers.length)
        if (front.connections() > 0) return "a refusal was taken for a tunnel"
        proxy.tunnel(Number(new URL(front.url).port))
        yield* wait(40_000)
        return undefined
      })
  }
}

const wrongKey = "wrong-key-0123456789abcdef012345"

const key = (row: string, settles: boolean): Row => {
  let gate: KeyGate.KeyGate
  return {
    name: `direct: ${row}`,
    promised: settles ? once : allBut("shutdown"),
    direct: true,
    prepare: ({ agent }) =>
      Effect.map(KeyGate.make(agent), (made) => {
        gate = made
        made.accept(wrongKey)
      }),
    options: () => ({ overrideOrigin: gate.url, ...(settles ? {} : { flushTimeout: "1 second" }) }),
    run: ({ agent, emit, pending, settle, short, wait }) =>
      Effect.gen(function*() {
        yield* emit(events)
        yield* until(() => gate.refused(apiKey) > 0)
        if (!short) yield* Effect.sleep(35_000)
        yield* emit(events)
        if (gate.refused(apiKey) === 0) return "the key was not refused"
        if (agent.events().length > 0) return "something arrived with a wrong key"
        const held = yield* pending
        if (held !== 2 * events) return `${held} were held`
        if (!settles) return undefined
        gate.accept(apiKey)
        // A paused destination is probed every half minute, or when somebody flushes.
        yield* short ? settle(20_000) : wait(70_000)
        return undefined
      })
  }
}

/** The answers of the intake through the Agent show whether its own key is valid. */
const agentsKey: Row = {
  name: "403, then the Agent's key is right",
  promised: once,
  run: ({ agent, emit, pending, settle, short, wait }: Stage) =>
    Effect.gen(function*() {
      agent.configure({ evpStatus: 403 })
      yield* emit(events)
      const refused = () => agent.requests().filter((request) => request.status === 403).length
      yield* until(() => refused() > 0)
      if (!short) yield* Effect.sleep(35_000)
      yield* emit(events)
      const held = yield* pending
      agent.configure({ evpStatus: 202 })
      yield* short ? settle(20_000) : wait(70_000)
      if (refused() === 0) return "nothing was refused"
      return held === 2 * events ? undefined : `${held} were held`
    })
}

/** No setting stops the layer, or makes a timer that fires at once. */
const settings = (name: string, env: NonNullable<Row["env"]>, direct = false): Row => ({
  name: `${direct ? "direct: " : ""}settings: ${name}`,
  promised: once,
  direct,
  env,
  run: ({ agent, emit, wait }) =>
    Effect.gen(function*() {
      yield* emit(events)
      yield* wait(10_000)
      const requests = agent.requests().filter((request) => request.path.includes("/llmobs")).length
      return requests > 5 ? `${requests} requests carried ${events} events` : undefined
    })
})

const nonsense = {
  DD_SITE: "9",
  DD_TRACE_AGENT_TIMEOUT_SECONDS: "soon",
  DD_TRACE_SAMPLING_RULES: "{",
  DD_SPAN_SAMPLING_RULES: "[5]",
  DD_TAGS: ":::",
  _DD_LLMOBS_WRITER_INTERVAL: "never",
  DD_LLMOBS_EVENT_SIZE_BYTES: "-1"
}

export const rows: ReadonlyArray<Row> = [
  ...["http://", "  ", "direct", "10.0.0.1:3128"].map((proxy) =>
    settings(`HTTPS_PROXY is "${proxy}"`, { HTTPS_PROXY: proxy })
  ),
  settings("a wait of 30 days", { _DD_LLMOBS_WRITER_TIMEOUT: "2592000", DD_TRACE_AGENT_TIMEOUT_SECONDS: "2592000" }),
  settings("a wait of 30 days", { _DD_LLMOBS_WRITER_TIMEOUT: "2592000" }, true),
  settings("nothing but nonsense", nonsense),
  connect(201, 202),
  connect(400, 404, 413),
  connect(407),
  agentsKey,
  key("403, then the key is right", true),
  key("403 for good", false),
  ...tlsRows(false),
  ...tlsRows(true),
  {
    name: "DNS: the name is unknown for good",
    promised: allBut("shutdown"),
    options: { agentUrl: "http://no-such-host.invalid:8126", flushTimeout: "1 second" },
    run: ({ emit, settle }) => Effect.andThen(emit(events), settle(1_000))
  },
  {
    name: "DNS: the name is unknown, then known",
    promised: once,
    options: ({ proxy }) => ({ agentUrl: `http://${name.host}:${proxy.port}` }),
    run: ({ agent, emit, pending, wait }) =>
      Effect.gen(function*() {
        yield* emit(events)
        yield* emit(events, { road: "trace" })
        yield* Effect.sleep(1_000)
        const held = yield* pending
        if (agent.requests().length > 0 || held !== 2 * events) return `${held} were held`
        name.resolve()
        yield* wait(40_000)
        return undefined
      })
  },
  {
    name: "DNS: the next process knows the name",
    promised: once,
    options: ({ place }) => ({
      agentUrl: "http://no-such-host.invalid:8126",
      flushTimeout: "500 millis",
      durable: { directory: place }
    }),
    next: ({ agent, place }) => ({ agentUrl: agent.url, durable: { directory: place } }),
    run: ({ emit }) => Effect.andThen(emit(events), emit(events, { road: "trace" }))
  }
]
