import { assert, describe, it } from "@effect/vitest"
import { spawn } from "node:child_process"
import { once } from "node:events"
import * as Fs from "node:fs"
import * as Path from "node:path"
import { drain, offer, record, settle } from "../../laws/OutboxLaws.ts"
import * as SqliteFile from "./SqliteFile.ts"

const adapter = Path.join(import.meta.dirname, "../../../src/adapters/sqlite")

/** Functions of `node:fs` that open no file. */
const harmless = new Set([
  "accessSync",
  "chmodSync",
  "constants",
  "lstatSync",
  "mkdirSync",
  "mkdtempSync",
  "readdirSync",
  "renameSync",
  "rmSync",
  "statfsSync"
])

/** A copy is made of files that SQLite has found unlocked; the command reads a copy in a process without an outbox. */
const exceptions: { readonly [file: string]: ReadonlySet<string> } = {
  "OutboxFolder.ts": new Set(["copyFileSync"]),
  "Rescue.ts": new Set(["closeSync", "openSync", "readFileSync", "statSync", "writeSync"])
}

const sources = Fs.readdirSync(adapter).map((file) => ({
  file,
  text: Fs.readFileSync(Path.join(adapter, file), "utf8")
}))

describe("nothing but SQLite opens a file of a durable outbox", () => {
  it("since any close would end the locks of the process: the adapter calls no function that opens one", () => {
    const found: Array<string> = []
    for (const { file, text } of sources) {
      for (const [, name] of text.matchAll(/from "((?:node:)?fs[^"]*)"/g)) {
        if (name !== "node:fs") found.push(`${file} imports ${name}`)
      }
      if (/from "node:fs"/.test(text)) assert.match(text, /import \* as Fs from "node:fs"/, file)
      for (const [, name] of text.matchAll(/\bFs\.(\w+)/g)) {
        if (!harmless.has(name!) && exceptions[file]?.has(name!) !== true) found.push(`${file} calls Fs.${name}`)
      }
      assert.notMatch(text, /createRequire|process\.binding|child_process/, file)
    }
    assert.deepStrictEqual(found, [])
  })

  it("and no other module of the adapter reaches the one for the command", () => {
    for (const { file, text } of sources) assert.notMatch(text, /Rescue\.ts"/, file)
  })

  it("an intruder never gets into the file while its journal commits, looks around, reads and goes on", async () => {
    const { directory, remove } = SqliteFile.folder()
    const other = SqliteFile.open({ directory })
    for (let id = 1; id <= 50; id++) offer(other, record(id, 1_000))
    other.journal.close()

    const subject = SqliteFile.open({ directory, maxBytes: 100_000 })
    await subject.journal.opened
    const own = SqliteFile.files(directory).find((path) => Fs.lstatSync(path).size > 0 && isLocked(path))!
    const intruder = await intrude(own)
    await subject.start()
    for (let round = 0; round < 30; round++) {
      for (let n = 0; n < 20; n++) offer(subject, record(1_000 + round * 20 + n, 3_000))
      subject.journal.commit()
      const item = subject.outbox.take()
      if (item !== undefined) settle(subject, item)
      subject.journal.setAside(record(round), { reason: "refused", status: 400, at: round, event: "{}" })
      await subject.journal.readSetAside()
      // Another journal of this process opens the folder, looks at every file in it, and closes its own again.
      const visitor = SqliteFile.open({ directory })
      await visitor.start()
      visitor.journal.close()
      SqliteFile.copy(directory, `${directory}-${round}`)
    }
    const [tries, entered] = await intruder.end()
    assert.isAbove(tries!, 10)
    assert.strictEqual(entered, 0)
    assert.strictEqual(subject.said.length, 0)
    assert.isAbove(drain(subject).length, 500)
    subject.journal.close()
    remove()
  })

  it("and gets in as soon as anything else in the process has opened and closed the file", async (ctx) => {
    if (process.platform === "win32") return ctx.skip("locks of Windows belong to what opened the file")
    const { directory, remove } = SqliteFile.folder()
    const subject = SqliteFile.open({ directory })
    await subject.journal.opened
    const [own] = SqliteFile.files(directory)
    const intruder = await intrude(own!)
    Fs.closeSync(Fs.openSync(own!, "r"))
    await intruder.said("in")
    await intruder.end()
    subject.journal.close()
    remove()
  })
})

const intrude = async (path: string) => {
  const program = Path.join(import.meta.dirname, "Intruder.ts")
  const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", program, path], {
    stdio: ["pipe", "pipe", "inherit"]
  })
  let heard = ""
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    heard += text
  })
  const closed = once(child, "close")
  const said = async (word: string): Promise<void> => {
    while (!heard.split("\n").includes(word)) await once(child.stdout, "data")
  }
  await said("began")
  return {
    said,
    end: async (): Promise<ReadonlyArray<number>> => {
      child.stdin.end()
      await closed
      return heard.trim().split("\n").at(-1)!.split(" ").map(Number)
    }
  }
}

/** Whether the file belongs to a journal that is open: only then has it a log. */
const isLocked = (path: string): boolean => Fs.existsSync(`${path}-wal`)
