import { assert, describe, it } from "@effect/vitest"
import * as Redaction from "../../../src/domain/redaction/Redaction.ts"

describe("Redaction.personalData", () => {
  it.each([
    ["iban de89 3704 0044 0532 0130 00 is ours", "iban [redacted IBAN] is ours"],
    ["gb82west12345698765432", "[redacted IBAN]"],
    ["DE89-3704-0044-0532-0130-00", "[redacted IBAN]"],
    ["NO93 8601 1117 947 and more words", "[redacted IBAN] and more words"],
    ["４１１１１１１１１１１１１１１１", "[redacted card]"],
    ["カード４１１１　１１１１　１１１１　１１１１、です", "カード[redacted card]、です"],
    ["٤١١١١١١١١١١١١١١١", "[redacted card]"],
    ["4111\u00a01111\u202f1111\u20111111", "[redacted card]"],
    ["ＤＥ８９３７０４００４４０５３２０１３０００", "[redacted IBAN]"],
    ["電話＋４９　１５１　２３４５　６７８９", "電話[redacted phone]"],
    ["ａｎｎ＠ｅｘａｍｐｌｅ．ｃｏｍ", "[redacted email]"]
  ])("finds personal data in lower case and in other scripts: %s", (text, expected) => {
    assert.strictEqual(Redaction.redactPersonalData(text), expected)
  })

  it.each([
    "ab12 some words that follow along the way",
    "de89 3704 1144 1532 1130 01",
    "is10 percent of all the words that there are",
    "４１１１１１１１１１１１１１１２ は番号です",
    "全角の数字１２３とＡＢＣ"
  ])("leaves text without personal data unchanged: %s", (text) => {
    assert.strictEqual(Redaction.redactPersonalData(text), text)
  })

  it("keeps full-width characters beside replaced data", () => {
    assert.strictEqual(Redaction.redactPersonalData("（１２３）ann@example.com！"), "（１２３）[redacted email]！")
  })
})
