/**
 * The table of `docs/troubleshooting.md`, made from the notices themselves. `npm run troubleshooting-page` writes it; a test
 * holds the page to it.
 */
import { readFileSync, writeFileSync } from "node:fs"
import type { Facts, Trouble } from "../src/domain/delivery/DeliveryNotice.ts"
import * as DeliveryNotice from "../src/domain/delivery/DeliveryNotice.ts"

/** The page, from the root of the repository. */
export const page = "docs/troubleshooting.md"

/** An example of what a notice can say. */
export const facts: Facts = {
  events: 3,
  agent: "http://localhost:8126",
  intake: "The LLM intake of datadoghq.eu",
  proxied: false,
  settings: {
    agentUrl: { name: "DD_TRACE_AGENT_URL", given: false },
    agentless: { name: "DD_LLMOBS_AGENTLESS_ENABLED", given: false },
    apiKey: { name: "DD_API_KEY", given: false },
    site: { name: "DD_SITE", given: false }
  },
  agentlessOn: "DD_LLMOBS_AGENTLESS_ENABLED=1",
  withoutAgent: "missing"
}

/** An example of each kind, so that a new kind has to be given one. */
const examples: { readonly [K in Trouble["_tag"]]: Extract<Trouble, { readonly _tag: K }> } = {
  AgentUnreachable: { _tag: "AgentUnreachable", reason: "ECONNREFUSED" },
  NotAnAgent: { _tag: "NotAnAgent", status: 404 },
  NoProxy: { _tag: "NoProxy" },
  MissingCredentials: { _tag: "MissingCredentials", missing: "apiKey" },
  CredentialsRefused: { _tag: "CredentialsRefused", status: 403 },
  IntakeUnreachable: { _tag: "IntakeUnreachable", reason: "ENOTFOUND" },
  IntakeFailing: { _tag: "IntakeFailing", status: 503 },
  QueueUnreachable: { _tag: "QueueUnreachable" },
  QueueFull: { _tag: "QueueFull" }
}

const begin = "<!-- notices -->"
const end = "<!-- end -->"

/** The page with its table written anew, between two comments. */
export const withTable = (text: string): string => {
  const from = text.indexOf(begin)
  const to = text.indexOf(end, from)
  if (from < 0 || to < 0) throw new Error(`${page} has no place for the notices: ${begin} … ${end}`)
  return `${text.slice(0, from)}${begin}\n\n${table()}\n\n${text.slice(to)}`
}

const table = (): string => {
  const rows = Object.values<Trouble>(examples).map((trouble) => {
    const { graceMillis, happened, remedy } = DeliveryNotice.table[trouble._tag] as DeliveryNotice.Notice
    return [
      happened(trouble, facts),
      remedy(facts, trouble),
      graceMillis === 0 ? "at once" : `${graceMillis / 1_000} s`
    ]
  })
  const lines = [["the log says", "what to do", "after"], ...rows]
  const widths = [0, 1, 2].map((i) => Math.max(...lines.map((line) => line[i]!.length)))
  const show = (cells: ReadonlyArray<string>) => `| ${cells.map((cell, i) => cell.padEnd(widths[i]!)).join(" | ")} |`
  return [show(lines[0]!), `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`, ...lines.slice(1).map(show)]
    .join("\n")
}

if (import.meta.main) writeFileSync(page, withTable(readFileSync(page, "utf8")))
