/**
 * The sixty conversations: what each caller sends, and what must come of it.
 */

/** The ids of the trace that a caller is part of: 32 and 16 hex digits. */
interface Upstream {
  readonly traceId: string
  readonly parentId: string
}

/** The trace headers of a caller. `kept` is the result of the sampling priority. */
interface Decision {
  readonly label: string
  readonly kept: boolean
  readonly headers: (upstream: Upstream) => { readonly [name: string]: string }
}

const datadog = (priority: number): Decision => ({
  label: `x-datadog-sampling-priority: ${priority}`,
  kept: priority > 0,
  headers: ({ parentId, traceId }) => ({
    "x-datadog-trace-id": BigInt(`0x${traceId.slice(16)}`).toString(),
    "x-datadog-parent-id": BigInt(`0x${parentId}`).toString(),
    "x-datadog-sampling-priority": String(priority),
    "x-datadog-tags": `_dd.p.tid=${traceId.slice(0, 16)}`
  })
})

const w3c = (flags: "00" | "01"): Decision => ({
  label: `traceparent: …-${flags}`,
  kept: flags === "01",
  headers: ({ parentId, traceId }) => ({ traceparent: `00-${traceId}-${parentId}-${flags}` })
})

const silent: Decision = { label: "no trace", kept: true, headers: () => ({}) }

// Of each twelve callers, four have rejected their trace.
const decisions: ReadonlyArray<Decision> = [
  datadog(-1),
  datadog(2),
  w3c("01"),
  silent,
  datadog(0),
  datadog(1),
  silent,
  w3c("00"),
  datadog(1),
  w3c("01"),
  datadog(0),
  datadog(2)
]

/** A label that must be on every span, and where the first span has it from. */
export interface Label {
  readonly value: string
  readonly source: "rum" | "explicit"
}

/** The identity of a caller: `baggage` as its browser sends it, `callId` as its own code does. */
interface Caller {
  readonly baggage: { readonly [key: string]: string }
  readonly callId?: string
  readonly session?: Label
  readonly userId?: Label
  readonly accountId?: Label
}

const rum = (value: string): Label => ({ value, source: "rum" })

const callers: ReadonlyArray<(number: number) => Caller> = [
  (number) => {
    const [session, user, account] = [`5f0c2d1e-${number}`, "auth0|5f7c8ec7", "Größe & Söhne, Köln"]
    return {
      baggage: { "session.id": session, "user.id": user, "account.id": account },
      session: rum(session),
      userId: rum(user),
      accountId: rum(account)
    }
  },
  (number) => ({ baggage: { "session.id": `a81b;${number}` }, session: rum(`a81b;${number}`) }),
  () => ({ baggage: {} }),
  (number) => ({ baggage: { "user.id": `user ${number}` }, userId: rum(`user ${number}`) }),
  (number) => ({
    baggage: { "session.id": `browser-${number}`, "user.id": `u-${number}` },
    callId: `call-${number}`,
    session: { value: `call-${number}`, source: "explicit" },
    userId: rum(`u-${number}`)
  })
]

/**
 * One conversation. `traceId` is the APM trace it must be part of, if its caller names one; `rescued` says that the
 * trace is rejected, so that its events cannot ride.
 */
export interface Conversation {
  readonly id: string
  readonly decision: string
  readonly rescued: boolean
  readonly headers: { readonly [name: string]: string }
  readonly body: { readonly conversation: string; readonly question: string; readonly callId?: string }
  readonly traceId: string | undefined
  readonly session: Label | undefined
  readonly userId: Label | undefined
  readonly accountId: Label | undefined
}

const questions = [
  (parcel: string) => `Where is my parcel ${parcel}?`,
  (parcel: string) => `My parcel ${parcel} is late. Will it arrive this week?`,
  (parcel: string) => `${parcel} arrived broken. What can I do?`,
  (parcel: string) => `Which neighbour has ${parcel}?`,
  (parcel: string) => `Can I still change the address of ${parcel}?`,
  (parcel: string) => `How do I send ${parcel} back?`
]

const cycle = <A>(list: ReadonlyArray<A>, index: number): A => list[index % list.length]!

const baggageHeader = (members: Caller["baggage"]): string =>
  Object.entries(members).map(([key, value]) => `${key}=${encodeURIComponent(value)}`).join(",")

const conversation = (index: number): Conversation => {
  const number = index + 1
  const id = `c-${String(number).padStart(2, "0")}`
  const decision = cycle(decisions, index)
  const caller = cycle(callers, index)(number)
  const hex = number.toString(16).padStart(4, "0")
  const upstream = { traceId: `67aa10c000000000${hex.repeat(4)}`, parentId: `00c0ffee0000${hex}` }
  const baggage = baggageHeader(caller.baggage)
  return {
    id,
    decision: decision.label,
    rescued: !decision.kept,
    headers: { ...decision.headers(upstream), ...(baggage === "" ? {} : { baggage }) },
    body: {
      conversation: id,
      question: cycle(questions, index)(`PX-${1000 + number}`),
      ...(caller.callId === undefined ? {} : { callId: caller.callId })
    },
    traceId: decision === silent ? undefined : upstream.traceId,
    session: caller.session,
    userId: caller.userId,
    accountId: caller.accountId
  }
}

/** All of them. Decisions and callers go round at different lengths, so that every pair of the two comes up. */
export const all: ReadonlyArray<Conversation> = Array.from({ length: 60 }, (_, index) => conversation(index))

/** The spans of a conversation that ran to its end. */
export const spanNames: ReadonlyArray<string> = [
  "support-chat",
  "help-pages",
  "LanguageModel.generateText",
  "track_parcel",
  "LanguageModel.streamText"
]
