import { assert, describe, it } from "@effect/vitest"
import { facts } from "../../../scripts/TroubleshootingPage.ts"
import type { Facts, Trouble } from "../../../src/domain/delivery/DeliveryNotice.ts"
import * as DeliveryNotice from "../../../src/domain/delivery/DeliveryNotice.ts"

const variables: Facts = {
  ...facts,
  settings: {
    ...facts.settings,
    apiKey: { name: "DD_API_KEY", given: true },
    site: { name: "DD_SITE", given: true }
  }
}

const otlp: Partial<Facts> = {
  intake: "The OTLP endpoint http://collector:4318/v1/traces",
  otlp: {
    endpoint: { name: "the option otlpEndpoint", given: true },
    headers: { name: "the option otlpHeaders", given: false }
  }
}

describe("DeliveryNotice.render", () => {
  const rows: ReadonlyArray<readonly [Trouble, Partial<Facts>, string]> = [
    [
      { _tag: "AgentUnreachable", reason: "ECONNREFUSED" },
      {},
      "No Datadog Agent at http://localhost:8126 (ECONNREFUSED). 3 events held. Start one, set DD_TRACE_AGENT_URL, or set DD_LLMOBS_AGENTLESS_ENABLED=1 with DD_API_KEY and DD_SITE."
    ],
    [
      { _tag: "AgentUnreachable", reason: "ECONNREFUSED" },
      { events: 1, withoutAgent: "later" },
      "No Datadog Agent at http://localhost:8126 (ECONNREFUSED). 1 event held. Start one, or set DD_TRACE_AGENT_URL; without one, events go to the LLM intake directly."
    ],
    [
      { _tag: "AgentUnreachable", reason: "prompt: hello" },
      {
        withoutAgent: "refused",
        settings: { ...variables.settings, agentUrl: { name: "the option agentUrl", given: true } }
      },
      "No Datadog Agent at http://localhost:8126 (no answer). 3 events held. Start one, or correct the option agentUrl."
    ],
    [
      { _tag: "NotAnAgent", status: 404 },
      {},
      "No Datadog Agent at http://localhost:8126: /info is answered with 404. 3 events held. Another program may use that port: set DD_TRACE_AGENT_URL."
    ],
    [
      { _tag: "NoProxy" },
      {},
      "The Agent at http://localhost:8126 has no EVP proxy, so events that cannot ride a trace do not leave. 3 events held. Enable evp_proxy_config in the Agent, or set DD_LLMOBS_AGENTLESS_ENABLED=1 with DD_API_KEY and DD_SITE."
    ],
    [
      { _tag: "CredentialsRefused", status: 403 },
      {},
      "The LLM intake of datadoghq.eu refuses the API key (403). 3 events held. Check that DD_API_KEY is a key of the organisation at DD_SITE; sites: datadoghq.com, datadoghq.eu, us3.datadoghq.com, us5.datadoghq.com, ap1.datadoghq.com, ap2.datadoghq.com, uk1.datadoghq.com, ddog-gov.com, us2.ddog-gov.com."
    ],
    [
      { _tag: "CredentialsRefused", status: 403 },
      { proxied: true },
      "The LLM intake refuses the API key of the Agent (403). 3 events held. Correct api_key and site in the configuration of the Agent at http://localhost:8126."
    ],
    [
      { _tag: "IntakeUnreachable", reason: "ENOTFOUND" },
      {},
      "The LLM intake of datadoghq.eu cannot be reached (ENOTFOUND). 3 events held. Check the network and DD_SITE; a proxy is set by DD_PROXY_HTTPS."
    ],
    [
      { _tag: "IntakeFailing", status: 503 },
      {},
      "The LLM intake of datadoghq.eu answers 503. 3 events held. They are sent again for up to 24 hours; see status.datadoghq.com."
    ],
    [
      { _tag: "CredentialsRefused", status: 401 },
      otlp,
      "The OTLP endpoint http://collector:4318/v1/traces refuses the credentials (401). 3 events held. Set the option otlpHeaders; see docs/otlp.md."
    ],
    [
      { _tag: "IntakeUnreachable", reason: "ECONNREFUSED" },
      otlp,
      "The OTLP endpoint http://collector:4318/v1/traces cannot be reached (ECONNREFUSED). 3 events held. Check the network, and correct the option otlpEndpoint; see docs/otlp.md."
    ],
    [
      { _tag: "IntakeFailing", status: 503 },
      otlp,
      "The OTLP endpoint http://collector:4318/v1/traces answers 503. 3 events held. They are sent again for up to 24 hours; its log has the reason."
    ],
    [
      { _tag: "QueueUnreachable" },
      {},
      "Redis cannot be reached or takes nothing. 3 events held. Check the url of RedisOutbox.layer and that Redis runs."
    ],
    [
      { _tag: "QueueFull" },
      {},
      "The queue of the relays is full. 3 events held. Start more relays: effect-llmobs relay."
    ]
  ]
  for (const [trouble, facts, line] of rows) {
    it(`names the cause, the number of events and the fix of ${trouble._tag} with ${JSON.stringify(Object.keys(facts))}`, () => {
      assert.strictEqual(DeliveryNotice.render(trouble, { ...variables, ...facts }), line)
    })
  }

  it("lists the sites when no site is set", () => {
    const line = DeliveryNotice.render({ _tag: "MissingCredentials", missing: "site" }, { ...variables, events: 0 })
    assert.include(line, "missing_site: Without an Agent, events need DD_API_KEY and DD_SITE. Set DD_SITE to one of: ")
    assert.include(line, "us5.datadoghq.com")
  })
})

describe("DeliveryNotice.ofOutcome", () => {
  const direct = { proxied: false, queue: false }
  const rows: ReadonlyArray<
    readonly [Parameters<typeof DeliveryNotice.ofOutcome>[0], typeof direct, Trouble | undefined]
  > = [
    [{ _tag: "Answer", status: 202 }, direct, undefined],
    [{ _tag: "Answer", status: 400 }, direct, undefined],
    [{ _tag: "Answer", status: 403 }, direct, { _tag: "CredentialsRefused", status: 403 }],
    [{ _tag: "Answer", status: 302 }, direct, { _tag: "IntakeFailing", status: 302 }],
    [{ _tag: "Answer", status: 503 }, direct, { _tag: "IntakeFailing", status: 503 }],
    [{ _tag: "Answer", status: 404 }, direct, undefined],
    [{ _tag: "Answer", status: 404 }, { proxied: true, queue: false }, { _tag: "NoProxy", status: 404 }],
    [{ _tag: "Failure", reason: "ENOTFOUND" }, direct, { _tag: "IntakeUnreachable", reason: "ENOTFOUND" }],
    [{ _tag: "Failure", reason: "ECONNRESET" }, { proxied: true, queue: false }, {
      _tag: "AgentUnreachable",
      reason: "ECONNRESET"
    }],
    [{ _tag: "Failure", reason: "REDIS" }, { proxied: false, queue: true }, { _tag: "QueueUnreachable" }],
    [{ _tag: "Answer", status: 429 }, { proxied: false, queue: true }, { _tag: "QueueFull" }]
  ]
  for (const [outcome, way, trouble] of rows) {
    it(`gives ${trouble?._tag ?? "no trouble"} for ${JSON.stringify(outcome)} on ${JSON.stringify(way)}`, () => {
      assert.deepStrictEqual(DeliveryNotice.ofOutcome(outcome, way), trouble)
    })
  }
})
