import { assert, describe, it } from "@effect/vitest"
import { execFileSync } from "node:child_process"
import * as Fs from "node:fs"
import * as Os from "node:os"
import * as Path from "node:path"
import { afterAll } from "vitest"
import * as SettingsFile from "../../../src/adapters/node-process/SettingsFile.ts"

const folder = Fs.mkdtempSync(Path.join(Os.tmpdir(), "settings-file-"))
afterAll(() => Fs.rmSync(folder, { recursive: true }))

const written = (name: string, content: string | Uint8Array): string => {
  const path = Path.join(folder, name)
  Fs.writeFileSync(path, content)
  return path
}

describe("SettingsFile", () => {
  it("reads a text of at most the given size, without its byte order mark", () => {
    assert.deepStrictEqual(SettingsFile.read(written("full", "äbc"), 4), { text: "äbc" })
    assert.deepStrictEqual(SettingsFile.read(written("empty", ""), 4), { text: "" })
    assert.deepStrictEqual(SettingsFile.read(written("marked", "\ufeff[]"), 9), { text: "[]" })
  })

  it("gives the reason why it did not read a file, and never throws", () => {
    assert.deepStrictEqual(SettingsFile.read(Path.join(folder, "none"), 4), { reason: "does not exist" })
    assert.deepStrictEqual(SettingsFile.read(written("large", "abcde"), 4), { reason: "is larger than 4 bytes" })
    assert.deepStrictEqual(SettingsFile.read(written("binary", Uint8Array.of(0xff, 0xfe)), 4), {
      reason: "is not UTF-8"
    })
    assert.deepStrictEqual(SettingsFile.read(folder, 4), { reason: "is no regular file" })
    for (const path of ["\0", "", "x".repeat(10_000), "\ud800"]) {
      assert.isTrue("reason" in SettingsFile.read(path, 4), path.slice(0, 9))
    }
  })

  it("reads no more than the limit of a file that has no end", (ctx) => {
    if (!Fs.existsSync("/dev/zero")) return ctx.skip("there is no /dev/zero")
    assert.deepStrictEqual(SettingsFile.read("/dev/zero", 4), { reason: "is no regular file" })
    // Its size is given as 0.
    assert.deepStrictEqual(SettingsFile.read("/proc/self/maps", 4), { reason: "is larger than 4 bytes" })
  })

  it("does not wait for the writer of a pipe", (ctx) => {
    if (process.platform === "win32") return ctx.skip("Windows has no named pipes in folders")
    const path = Path.join(folder, "pipe")
    execFileSync("mkfifo", [path])
    assert.deepStrictEqual(SettingsFile.read(path, 4), { reason: "is no regular file" })
  })
})
