import { assert, describe, it } from "@effect/vitest"
import { spawn } from "node:child_process"
import { once } from "node:events"
import * as Fs from "node:fs"
import * as Path from "node:path"
import { drain } from "../../laws/OutboxLaws.ts"
import * as SqliteFile from "./SqliteFile.ts"

const start = (directory: string, way: string, flags: ReadonlyArray<string> = [], env: NodeJS.ProcessEnv = {}) => {
  const child = spawn(process.execPath, [
    "--conditions=effect-llmobs-source",
    "--disable-warning=ExperimentalWarning",
    ...flags,
    Path.join(import.meta.dirname, "Program.ts"),
    directory,
    way
  ], { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, ...env } })
  const heard = { out: "", err: "" }
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    heard.out += text
  })
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    heard.err += text
  })
  const said = (line: string) =>
    new Promise<void>((resolve) => {
      const look = () => {
        if (heard.out.includes(`${line}\n`)) resolve()
        else child.stdout.once("data", look)
      }
      look()
    })
  return { child, heard, said, ended: once(child, "close") as Promise<[code: number | null, signal: string | null]> }
}

/** What the next process finds. */
const left = (directory: string): ReadonlyArray<number> => {
  const next = SqliteFile.open({ directory })
  void next.start()
  next.journal.commit()
  const ids = drain(next)
  assert.strictEqual(next.ledger.redelivered, ids.length)
  next.journal.close()
  return ids
}

const upTo = (n: number) => Array.from({ length: n }, (_, i) => i + 1)

const inFolder = async (test: (folder: SqliteFile.Folder) => Promise<void>) => {
  const folder = SqliteFile.folder()
  try {
    await test(folder)
  } finally {
    folder.remove()
  }
}

describe.concurrent("a process with a durable outbox that nobody closed", () => {
  for (
    const [name, way, code] of [
      ["calls process.exit() right after an event", "exit", 3],
      ["calls process.exit() before the thread of the file has even begun", "at once", 3],
      ["throws right after an event", "throw", 1],
      ["comes to its end, which the thread does not put off,", "end", 0]
    ] as const
  ) {
    it(`and that ${name} has committed every event`, () =>
      inFolder(async ({ directory }) => {
        const { ended, heard } = start(directory, way)
        assert.deepStrictEqual(await ended, [code, null], heard.err)
        assert.deepStrictEqual(left(directory), upTo(20))
      }))
  }

  it("has one listener for its end, however many journals are open, and none when they are closed", () =>
    inFolder(async ({ directory }) => {
      const before = process.listenerCount("exit")
      const journals = Array.from({ length: 20 }, () => SqliteFile.open({ directory }).journal)
      for (const { opened } of journals) await opened
      assert.strictEqual(process.listenerCount("exit"), before + 1)
      for (const journal of journals) journal.close()
      assert.strictEqual(process.listenerCount("exit"), before)
    }))

  it("and that a signal ends leaves what was committed", () =>
    inFolder(async ({ directory }) => {
      const { child, ended, said } = start(directory, "wait")
      await said("kept")
      child.kill("SIGTERM")
      assert.deepStrictEqual(await ended, [null, "SIGTERM"])
      assert.includeMembers([...left(directory)], upTo(10))
    }))
})

describe.concurrent("the thread of the file", () => {
  it("loads nothing that the program preloads, and prints no warning", () =>
    inFolder(async ({ folder, directory }) => {
      const marks = Path.join(folder, "preloaded")
      const preload = Path.join(folder, "preload.cjs")
      Fs.writeFileSync(preload, `require("node:fs").appendFileSync(${JSON.stringify(marks)}, "x")`)
      const options = { NODE_OPTIONS: `--require ${JSON.stringify(preload)}` }
      const { ended, heard } = start(directory, "end", ["--require", preload], options)
      assert.deepStrictEqual(await ended, [0, null], heard.err)
      assert.strictEqual(heard.err, "")
      // Node loads it once, though it is named twice, and only for the program itself.
      assert.strictEqual(Fs.readFileSync(marks, "utf8"), "x")
      assert.deepStrictEqual(left(directory), upTo(20))
    }))

  it("that may not be started is said once, and costs the program nothing else", () =>
    inFolder(async ({ directory }) => {
      const { ended, heard } = start(directory, "at once", ["--permission", "--allow-fs-read=*", "--allow-fs-write=*"])
      assert.deepStrictEqual(await ended, [3, null], heard.err)
      assert.strictEqual(heard.out.match(/thread of the durable outbox/g)?.length, 1)
      assert.isFalse(Fs.existsSync(directory))
    }))
})
