import { assert, describe, it } from "@effect/vitest"
import * as EveryText from "../../../src/domain/redaction/EveryText.ts"
import * as KeyFormats from "../../../src/domain/redaction/KeyFormats.ts"
import type { RedactableSpan } from "../../../src/domain/redaction/RedactableSpan.ts"
import * as Redaction from "../../../src/domain/redaction/Redaction.ts"
import * as SecretNames from "../../../src/domain/redaction/SecretNames.ts"

const gone = "[redacted secret]"

/** The value that `secrets` leaves, as metadata and as JSON in a text. */
const redacted = (value: unknown): unknown => {
  const span: RedactableSpan = { kind: "task", name: "step", tags: {}, metadata: { v: value as never } }
  const metadata = Redaction.secrets(span)!.metadata!["v"]
  const text = Redaction.redactSecrets(JSON.stringify(value))
  assert.deepStrictEqual(JSON.parse(text), metadata, "data and JSON in a text are redacted alike")
  const nested = Redaction.redactSecrets(JSON.stringify([JSON.stringify(value)]))
  assert.deepStrictEqual(JSON.parse(JSON.parse(nested)[0]), metadata, "so is JSON in a text in JSON")
  return metadata
}

const secretNames = [
  ..."password db_password dbPassword DB_PASSWORD db.password dbpassword PGPASSWORD password2 newPassword".split(" "),
  ..."passwordHash password_confirmation MYSQL_PWD pwd passwd passphrase SMTP_PASS smtpPass".split(" "),
  ..."api_key apiKey apikey x-api-key AZURE_OPENAI_API_KEY openaiApiKey openai_api_keys DD_APP_KEY".split(" "),
  ..."stripe_secret_key webhookSecret client_secret clientSecret SECRET_KEY_BASE secret secrets".split(" "),
  ..."oauth_token oauthToken x-auth-token access_token accessTokens refreshToken csrfToken ACCESS_TOKEN_2".split(" "),
  ..."id_token X-Amz-Security-Token X-Amz-Signature jwt otp bearer creds awsCredentials".split(" "),
  ..."authorization Proxy-Authorization cookie set-cookie cookies private_key privateKeyPem AccountKey".split(" "),
  ..."connectionString connection_string Ocp-Apim-Subscription-Key encryption_key decryptionKey signingKey".split(" "),
  `${"a_very_long_prefix_".repeat(50)}password`
]

const harmlessNames = [
  ..."max_tokens maxTokens max_output_tokens token_count tokenCount inputTokens outputTokens tokens total_tokens".split(
    " "
  ),
  ..."tokenizer tokenize token_type tokenUrl token_endpoint next_page_token nextToken eos_token stopToken".split(" "),
  ..."time_per_output_token passwordless passwordPolicy password_length password_reset_url secretary secretName".split(
    " "
  ),
  ..."key keys cacheKey primary_key public_key publicKey partitionKey attachment_key monkey keyboard apiKeyId".split(
    " "
  ),
  ..."session_id sessionId author authority authorizationUrl cookieConsent cookie_policy bypass compass passed".split(
    " "
  ),
  ..."credentialId access_key_id signature design firstPass first_pass boarding_pass".split(" ")
]

describe("secret names", () => {
  for (const name of secretNames) {
    it(`redacts values under a secret name, in data and in text: ${name.slice(-40)}`, () => {
      for (const value of ["correct horse", 12345678, ["a", "b"], { deep: { deeper: [1, "x"] } }, `{"a":1}`, "a\nb"]) {
        assert.deepStrictEqual(redacted({ [name]: value, beside: "fine" }), { [name]: gone, beside: "fine" })
      }
      assert.strictEqual(Redaction.redactSecrets(`${name}=hunter2`), `${name}=${gone}`)
      assert.notInclude(Redaction.redactSecrets(`first line\nthe ${name}: "a b", and more`), "a b")
      assert.include(Redaction.redactSecrets(`the ${name}: "a b", and more`), "and more")
      assert.notInclude(Redaction.redactSecrets(`{ '${name}': 'a b', more`), "a b")
    })
  }

  for (const name of harmlessNames) {
    it(`keeps values under a harmless name: ${name}`, () => {
      for (const value of ["correct horse", 4096, ["a", "b"], { deep: "x" }]) {
        assert.deepStrictEqual(redacted({ [name]: value }), { [name]: value })
      }
      const text = `first line\nthe ${name}: "a b", ${name}=4096, ${name}: abcdef`
      assert.strictEqual(Redaction.redactSecrets(text), text)
    })
  }

  it("keeps true, false, null and empty values under secret names", () => {
    const value = { password: null, secret: true, api_key: "", cookies: [], credentials: {} }
    assert.deepStrictEqual(redacted(value), value)
  })

  it("judges a weak secret name by its value", () => {
    const value = { token: "Hello", logprob: -0.1, pass: 12, auth: "none" }
    assert.deepStrictEqual(redacted(value), value)
    assert.deepStrictEqual(redacted({ token: "a1B2c3D4e5", pass: "hunter2" }), { token: gone, pass: gone })
    assert.strictEqual(Redaction.redactSecrets("token: a1B2c3D4e5"), `token: ${gone}`)
    assert.strictEqual(Redaction.redactSecrets("A token: the unit of text."), "A token: the unit of text.")
  })

  it("checks a name of a million characters by its end", () => {
    assert.isTrue(SecretNames.namesSecret(`${"x".repeat(1_000_000)}_password`))
    assert.isFalse(SecretNames.namesSecret("x".repeat(1_000_000)))
  })
})

describe("header names and entries", () => {
  const cookie = "sid=a1; theme=dark"

  it.each<readonly [string, unknown, unknown]>([
    ["pairs", [["Cookie", cookie], ["Accept", "*/*"]], [["Cookie", gone], ["Accept", "*/*"]]],
    ["raw headers", { rawHeaders: ["Host", "a", "X-Api-Key", "k"] }, { rawHeaders: ["Host", "a", "X-Api-Key", gone] }],
    ["raw headers alone", ["Host", "a", "Cookie", cookie], ["Host", "a", "Cookie", gone]],
    ["a list under its name", { "set-cookie": [cookie, "b=c"] }, { "set-cookie": gone }],
    ["names and values", [{ name: "Cookie", value: cookie }], [{ name: "Cookie", value: gone }]],
    ["values and names", [{ value: [cookie], x: 1, key: "api_key" }], [{ value: gone, x: 1, key: "api_key" }]],
    ["nothing that is due", { required: ["password", "username"] }, { required: ["password", "username"] }],
    ["nothing that is named", [{ name: "model", value: "gpt-5" }], [{ name: "model", value: "gpt-5" }]],
    ["a list of words", ["cookies", "and", "cookie dough"], ["cookies", "and", "cookie dough"]]
  ])("redacts a value by the header or entry name beside it: %s", (_, value, expected) => {
    assert.deepStrictEqual(redacted(value), expected)
  })

  it.each([
    [
      "GET / HTTP/1.1\r\nCookie: sid=a1; theme=dark\r\nAccept: */*",
      "GET / HTTP/1.1\r\nCookie: [redacted secret]\r\nAccept: */*"
    ],
    ["curl -H 'Cookie: sid=a1; b=c' https://a.example", "curl -H 'Cookie: [redacted secret]' https://a.example"],
    ["Set-Cookie: sid=a1; Path=/", "Set-Cookie: [redacted secret]"],
    [
      "Authorization: Digest username=\"Mufasa\", response=\"6629\"\nHost: a",
      "Authorization: [redacted secret]\nHost: a"
    ],
    ["authorization: Basic dXNlcjpwYXNz", "authorization: [redacted secret]"],
    ["I ate a cookie: it was good.", "I ate a cookie: it was good."],
    ["Authorization: see the manual", "Authorization: see the manual"]
  ])("redacts a raw header as a whole: %s", (text, expected) => {
    assert.strictEqual(Redaction.redactSecrets(text), expected)
  })

  it.each([
    ["curl -u ann:hunter2 https://a.example", "curl -u [redacted credentials] https://a.example"],
    [
      "curl https://a.example --user \"ann:hunter 2\" -v",
      "curl https://a.example --user \"[redacted credentials]\" -v"
    ],
    ["curl -uann:hunter2 a.example", "curl -u[redacted credentials] a.example"],
    ["curl -u ann https://a.example", "curl -u ann https://a.example"],
    ["docker run -u 1000:1000 busybox", "docker run -u 1000:1000 busybox"]
  ])("redacts the credentials of a curl command: %s", (text, expected) => {
    assert.strictEqual(Redaction.redactSecrets(text), expected)
  })
})

describe("a named secret in text", () => {
  it.each([
    ["password: \"a b\" then", "password: \"[redacted secret]\" then"],
    ["password: 'it\\'s' then", "password: '[redacted secret]' then"],
    ["{\\\"password\\\": \\\"a b\\\", \\\"n\\\": 1}", "{\\\"password\\\": \\\"[redacted secret]\\\", \\\"n\\\": 1}"],
    ["cut off: {\"password\": \"a b", "cut off: {\"password\": \"[redacted secret]"],
    [
      "{\"cookies\": [{\"name\": \"sid\", \"value\": \"x]y\"}], \"n\": 1, …",
      "{\"cookies\": [redacted secret], \"n\": 1, …"
    ],
    ["{\"password\": 123, \"cut", "{\"password\": [redacted secret], \"cut"],
    ["DB_PASSWORD=p@ss,w;o rd", "DB_PASSWORD=[redacted secret] rd"],
    ["https://a.example/?api_key=abc&x=1", "https://a.example/?api_key=[redacted secret]&x=1"],
    ["Server=db;Password=abc;Port=1", "Server=db;Password=[redacted secret];Port=1"],
    ["login --password hunter2 --verbose", "login --password [redacted secret] --verbose"],
    ["login --api-key=k1 -v", "login --api-key=[redacted secret] -v"],
    ["<password>hunter2</password>", "<password>[redacted secret]</password>"],
    ["my API key: 8f7d6a", "my API key: [redacted secret]"],
    ["**API Key:** 8f7d6a", "**API Key:** [redacted secret]"],
    ["headers[\"authorization\"] = \"x\"", "headers[\"authorization\"] = \"[redacted secret]\""],
    ["interface A { apiKey: string; password?: string }", "interface A { apiKey: string; password?: string }"],
    ["if (token === undefined) return", "if (token === undefined) return"],
    ["The keys are sorted: a, b. Passwords: none.", "The keys are sorted: a, b. Passwords: none."]
  ])("redacts a named secret as a whole: %s", (text, expected) => {
    assert.strictEqual(Redaction.redactSecrets(text), expected)
    assert.strictEqual(Redaction.redactSecrets(expected), expected)
  })
})

describe("KeyFormats", () => {
  const characters: { readonly [B in KeyFormats.Body]: string } = {
    alphanumeric: "a1B2c3D4",
    upper: "A1B2C3D4",
    hex: "a1b2c3d4",
    word: "a1_B2-c3",
    dotted: "a1.B2-c3",
    base64: "a1+B2/c3",
    path: "a1/B2-c3"
  }
  for (const { begins, body, exactly, least, service } of KeyFormats.all) {
    it(`finds the keys of ${service} (${begins})`, () => {
      for (const begin of begins.split(" ")) {
        const long = begin + characters[body].repeat(20).slice(0, exactly === true ? least : 2 * least)
        const key = long.replace(/\.$/, "1")
        for (const text of [key, `Use ${key}, please.`, `a=${key}`, `https://${key}`, JSON.stringify([`\n${key}`])]) {
          const out = Redaction.redactSecrets(text)
          assert.match(out, /\[redacted (?:key|token|AWS key|webhook|secret)\]/, text)
          assert.notInclude(out, key.slice(-8), text)
        }
        const short = begin + characters[body].repeat(20).slice(0, exactly === true ? least - 1 : 2)
        assert.strictEqual(Redaction.redactSecrets(`Use ${short} here`), `Use ${short} here`)
        assert.strictEqual(KeyFormats.find(`x${key}`.slice(0, begin.length + 3)).length, 0)
      }
    })
  }

  it.each([
    ["a Telegram address", `https://api.telegram.org/bot123456789:AA${"a1B2_".repeat(7)}/getMe`],
    ["an Azure secret", `abc1Q~${"a1B2".repeat(8)}`],
    ["a Mailchimp key", `${"a1b2".repeat(8)}-us12`],
    ["a Terraform token", `${"a1B2c3D".repeat(2)}.atlasv1.${"a1B2".repeat(16)}`],
    ["a Teams webhook", `https://acme.webhook.office.com/webhookb2/${"a1b2c3d4-".repeat(8)}`],
    ["a Discord webhook", `https://discord.com/api/webhooks/123456789012345678/${"a1B2_".repeat(12)}`]
  ])("finds keys without a fixed beginning: %s", (_, key) => {
    assert.notInclude(Redaction.redactSecrets(`see ${key}`), key.slice(-14, -2))
  })

  it.each([
    "sk-learn and pk-test",
    "re_export_all, fw_version and pat.trim()",
    "The AC adapter and the SK hynix module",
    "API-first design, A3-sized paper, v1.0-rc.1"
  ])("leaves ordinary words alone: %s", (text) => {
    assert.strictEqual(Redaction.redactSecrets(text), text)
  })
})

describe("EveryText", () => {
  it("returns the same value when no text changes", () => {
    const value = { a: [1, "x", { b: null }], text: "{\"a\": [1.50, \"y\"]}" }
    assert.strictEqual(EveryText.map(value, { text: (text) => text, under: () => undefined }), value)
  })
})
