/**
 * Keys and tokens that are recognised by their prefix.
 *
 * **Details**
 *
 * A table of prefixes, each with the number and kind of characters that follow. Each word of a text is looked up by its
 * first two characters, so the time is linear in the text and hardly grows with the table.
 *
 * The beginnings and lengths of the first part are facts of `config/gitleaks.toml` of gitleaks (MIT licence, copyright
 * Zachary Rice) at commit 009e025ad410, read on 2026-11-29; those of the second part are of services that are not in it,
 * by the keys that they gave out on that day. Least lengths are kept below the real ones: a key that was cut is one still.
 *
 * @since 0.2.0
 */
import type { Replacement } from "./Replacement.ts"
import * as Replacements from "./Replacement.ts"

/**
 * The characters of a key after its prefix.
 *
 * @category models
 * @since 0.2.0
 */
export type Body = "alphanumeric" | "upper" | "hex" | "word" | "dotted" | "base64" | "path"

const bodies: { readonly [B in Body]: RegExp } = {
  alphanumeric: /[A-Za-z0-9]/,
  upper: /[A-Z0-9]/,
  hex: /[A-Fa-f0-9]/,
  word: /[A-Za-z0-9_-]/,
  dotted: /[A-Za-z0-9._=-]/,
  base64: /[A-Za-z0-9+/_=-]/,
  path: /[A-Za-z0-9/_@.-]/
}

/**
 * Keys of one form.
 *
 * - `label`: the name in the replacement, as in `[redacted key]`
 * - `begins`: the prefixes, separated by spaces
 * - `least`: the least number of characters in the body; with `exactly`, the only one
 *
 * @category models
 * @since 0.2.0
 */
export interface KeyFormat {
  readonly service: string
  readonly label: "key" | "token" | "AWS key" | "webhook"
  readonly begins: string
  readonly body: Body
  readonly least: number
  readonly exactly?: true | undefined
}

const format = (
  service: string,
  label: KeyFormat["label"],
  begins: string,
  body: Body,
  least: number,
  exactly?: true
): KeyFormat => ({ service, label, begins, body, least, exactly })

/**
 * The table.
 *
 * @category constants
 * @since 0.2.0
 */
export const all: ReadonlyArray<KeyFormat> = [
  format("1Password", "key", "A3-", "word", 25),
  format("1Password service accounts", "token", "ops_eyJ", "base64", 40),
  format("Adobe", "key", "p8e-", "alphanumeric", 20),
  format("age", "key", "AGE-SECRET-KEY-1", "upper", 20),
  format("Airtable", "token", "pat", "dotted", 79, true),
  format("Alibaba Cloud", "key", "LTAI", "alphanumeric", 16),
  format("Artifactory", "key", "AKCp cmVmd", "alphanumeric", 40),
  format("Atlassian", "token", "ATATT3 ATCTT3 ATBB", "dotted", 20),
  format("AWS", "AWS key", "AKIA ASIA AROA AIDA ABIA ACCA", "upper", 16, true),
  format("AWS Bedrock", "AWS key", "ABSK bedrock-api-key-", "base64", 40),
  format("ClickHouse Cloud", "key", "4b1d", "alphanumeric", 38, true),
  format("Clojars", "token", "CLOJARS_", "alphanumeric", 20),
  format("Cloudflare", "key", "v1.0-", "word", 40),
  format("Databricks", "token", "dapi", "hex", 32),
  format("Defined Networking", "token", "dnkey-", "word", 26),
  format("DigitalOcean", "token", "dop_v1_ doo_v1_ dor_v1_", "hex", 20),
  format("Doppler", "token", "dp.pt. dp.st. dp.ct. dp.sa. dp.scim. dp.audit.", "dotted", 20),
  format("Duffel", "token", "duffel_test_ duffel_live_", "word", 20),
  format("Dynatrace", "token", "dt0c01. dt0s01. dt0s02.", "dotted", 24),
  format("EasyPost", "token", "EZAK EZTK", "alphanumeric", 40),
  format("Facebook", "token", "EAAC EAAM", "alphanumeric", 60),
  format("Flutterwave", "key", "FLWSECK_TEST- FLWSECK-", "word", 12),
  format("Fly.io", "token", "fo1_ fm1a_ fm1r_ fm2_", "base64", 40),
  format("Frame.io", "token", "fio-u-", "dotted", 40),
  format("GitHub", "token", "ghp_ gho_ ghu_ ghs_ ghr_", "alphanumeric", 20),
  format("GitHub, fine-grained", "token", "github_pat_", "word", 20),
  format(
    "GitLab",
    "token",
    "glpat- glrt- gldt- glptt- glcbt- glft- glffct- glimt- glsoat- glagent- gloas-",
    "dotted",
    16
  ),
  format("GitLab runners", "token", "GR1348941", "word", 16),
  format("Google", "key", "AIza", "word", 30),
  format("Grafana", "token", "glsa_ glc_", "base64", 20),
  format("Grafana, old", "key", "eyJrIjoi", "base64", 40),
  format("Harness", "token", "pat. sat.", "dotted", 66),
  format("HashiCorp Vault", "token", "hvs. hvb. hvr.", "word", 20),
  format("Heroku", "key", "HRKU-", "word", 30),
  format("Hugging Face", "token", "hf_ api_org_", "alphanumeric", 20),
  format("Infracost", "token", "ico-", "alphanumeric", 32),
  format("Intra42", "key", "s-s4t2ud- s-s4t2af-", "hex", 32),
  format("Linear", "key", "lin_api_ lin_oauth_", "alphanumeric", 20),
  format("New Relic", "key", "NRAK- NRII- NRJS- NRIQ- NRRA-", "word", 16),
  format("Notion", "token", "ntn_ secret_", "alphanumeric", 20),
  format("npm", "token", "npm_", "alphanumeric", 20),
  format("Octopus Deploy", "key", "API-", "upper", 26, true),
  format("OpenAI, Anthropic, OpenRouter, DeepSeek, Langfuse and others", "key", "sk- pk- rk-", "word", 16),
  format("OpenShift", "token", "sha256~", "word", 40),
  format("Perplexity", "key", "pplx-", "word", 20),
  format("Plaid", "token", "access-sandbox- access-development- access-production-", "word", 30),
  format("PlanetScale", "token", "pscale_tkn_ pscale_oauth_ pscale_pw_", "dotted", 20),
  format("Postman", "key", "PMAK-", "word", 30),
  format("Prefect", "key", "pnu_ pnb_", "alphanumeric", 30),
  format("Pulumi", "token", "pul-", "hex", 40),
  format("PyPI", "token", "pypi-", "word", 20),
  format("ReadMe", "key", "rdme_", "alphanumeric", 40),
  format("RubyGems", "token", "rubygems_", "hex", 40),
  format("Scalingo", "token", "tk-us-", "word", 40),
  format("SendGrid", "key", "SG.", "dotted", 33),
  format("Brevo", "key", "xkeysib- xsmtpsib-", "word", 40),
  format("Sentry", "token", "sntrys_ sntryu_ sntryi_", "base64", 20),
  format("SettleMint", "token", "sm_aat_ sm_pat_ sm_sat_", "alphanumeric", 16),
  format("Shippo", "token", "shippo_live_ shippo_test_", "hex", 20),
  format("Shopify", "token", "shpat_ shpca_ shppa_ shpss_", "alphanumeric", 20),
  format("Slack", "token", "xoxa- xoxb- xoxc- xoxd- xoxe- xoxe. xoxo- xoxp- xoxr- xoxs- xapp-", "dotted", 10),
  format("Slack", "webhook", "hooks.slack.com/", "path", 18),
  format("Sourcegraph", "token", "sgp_", "word", 40),
  format("Square", "token", "sq0atp- sq0csp- sq0idp- EAAA", "word", 22),
  format(
    "Stripe",
    "key",
    "sk_live_ sk_test_ sk_prod_ rk_live_ rk_test_ rk_prod_ pk_live_ pk_test_ whsec_",
    "alphanumeric",
    10
  ),
  format("Microsoft Teams", "webhook", "webhook.office.com/webhookb2/ outlook.office.com/webhook/", "path", 20),
  format("Twilio", "key", "SK AC", "hex", 32, true),
  format("Typeform", "token", "tfp_", "dotted", 20),
  // Services that are not in gitleaks' table.
  format("Cerebras", "key", "csk-", "word", 20),
  format("Discord", "webhook", "discord.com/api/ discordapp.com/api/", "path", 40),
  format("Docker Hub", "token", "dckr_pat_ dckr_oat_", "word", 16),
  format("E2B", "key", "e2b_", "hex", 20),
  format("ElevenLabs", "key", "sk_", "hex", 40),
  format("Firecrawl", "key", "fc-", "hex", 20),
  format("Fireworks", "key", "fw_", "alphanumeric", 20),
  format("Google OAuth", "key", "GOCSPX-", "word", 20),
  format("Google OAuth", "token", "ya29.", "dotted", 20),
  format("Google OAuth", "token", "1//0", "word", 30),
  format("Groq", "key", "gsk_", "alphanumeric", 20),
  format("HubSpot", "token", "pat-na1- pat-na2- pat-eu1-", "word", 30),
  format("Jina", "key", "jina_", "word", 20),
  format("LangSmith", "key", "lsv2_pt_ lsv2_sk_ ls__", "word", 20),
  format("Mapbox", "key", "sk.eyJ", "dotted", 20),
  format("Neon", "key", "napi_", "word", 20),
  format("Pinecone", "key", "pcsk_", "word", 20),
  format("Replicate", "token", "r8_", "alphanumeric", 20),
  format("Resend", "key", "re_", "word", 33, true),
  format("Supabase", "token", "sbp_ sb_secret_", "word", 20),
  format("Tavily", "key", "tvly-", "word", 20),
  format("Together", "key", "tgp_v1_", "word", 20),
  format("Voyage", "key", "pa-", "word", 40),
  format("Weights & Biases", "key", "wandb_v1_", "word", 20),
  format("xAI", "key", "xai-", "word", 20)
]

interface Form {
  readonly begin: string
  readonly units: Uint8Array
  readonly least: number
  readonly exactly: boolean
  readonly written: string
}

const unitsOf = (body: RegExp): Uint8Array =>
  Uint8Array.from({ length: 128 }, (_, unit) => body.test(String.fromCharCode(unit)) ? 1 : 0)

const isAlphanumeric = (unit: number): boolean =>
  (unit >= 0x30 && unit <= 0x39) || (unit >= 0x41 && unit <= 0x5a) || (unit >= 0x61 && unit <= 0x7a)

const twoUnits = (text: string, at: number): number => (text.charCodeAt(at) << 16) | text.charCodeAt(at + 1)

// A program that imports the core may search for no keys, so the table is made by the first search.
const once = <A>(make: () => A): () => A => {
  let made: A | undefined
  return () => made ??= make()
}

// Indexed by the first two units. Among formats that share them, the longest prefix comes first.
const index = once((): ReadonlyMap<number, ReadonlyArray<Form>> => {
  const units = new Map(Object.entries(bodies).map(([name, body]) => [name, unitsOf(body)]))
  const forms = all.flatMap(({ begins, body, exactly, label, least }) =>
    begins.split(" ").map((begin): Form => ({
      begin,
      units: units.get(body)!,
      least,
      exactly: exactly === true,
      written: Replacements.placeholder(label)
    }))
  )
  forms.sort((a, b) => b.begin.length - a.begin.length)
  const out = new Map<number, Array<Form>>()
  for (const form of forms) {
    const known = out.get(twoUnits(form.begin, 0))
    if (known === undefined) out.set(twoUnits(form.begin, 0), [form])
    else known.push(form)
  }
  return out
})

// A key starts where no letter or digit precedes it. An escape that was not undone (`\n`, `%20`) ends with one.
const startsAt = (text: string, at: number): boolean => {
  if (at === 0 || !isAlphanumeric(text.charCodeAt(at - 1))) return true
  if (text[at - 2] === "\\") return "nrtbf".includes(text[at - 1]!)
  return text[at - 3] === "%" && /^[0-9A-Fa-f]{2}$/.test(text.slice(at - 2, at))
}

const endOf = (text: string, at: number, form: Form): number | undefined => {
  const start = at + form.begin.length
  // One character more than allowed shows that the word is no key.
  const most = form.exactly ? start + form.least + 1 : text.length
  let end = start
  while (end < most && end < text.length && form.units[text.charCodeAt(end)] === 1) end++
  if (form.exactly) {
    return end - start === form.least && !isAlphanumeric(text.charCodeAt(end)) ? end : undefined
  }
  // A full stop behind a key ends a sentence.
  while (end > start && text.charCodeAt(end - 1) === 0x2e) end--
  return end - start >= form.least ? end : undefined
}

/**
 * Finds the keys of a text.
 *
 * @category combinators
 * @since 0.2.0
 */
export const find = (text: string): ReadonlyArray<Replacement> => {
  const formats = index()
  let out: Array<Replacement> | undefined
  for (let at = 0; at + 8 < text.length; at++) {
    if (!isAlphanumeric(text.charCodeAt(at)) || !startsAt(text, at)) continue
    const forms = formats.get(twoUnits(text, at))
    if (forms === undefined) continue
    for (const form of forms) {
      const end = text.startsWith(form.begin, at) ? endOf(text, at, form) : undefined
      if (end === undefined) continue
      ;(out ??= []).push({ from: at, to: end, text: form.written })
      at = end - 1
      break
    }
  }
  return out ?? Replacements.none
}
