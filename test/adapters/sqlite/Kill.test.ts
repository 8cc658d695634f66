import { assert, describe, it } from "@effect/vitest"
import { spawn } from "node:child_process"
import type { ChildProcess } from "node:child_process"
import { once } from "node:events"
import * as Path from "node:path"
import * as Ledgers from "../../../src/domain/delivery/Ledger.ts"
import { drain } from "../../laws/OutboxLaws.ts"
import * as SqliteFile from "./SqliteFile.ts"

interface Heard {
  committed: number
  readonly settled: Set<number>
  readonly refused: Set<number>
}

const writer = (directory: string, first: number) => {
  const child = spawn(process.execPath, [
    "--conditions=effect-llmobs-source",
    "--disable-warning=ExperimentalWarning",
    Path.join(import.meta.dirname, "Writer.ts"),
    directory,
    String(first)
  ], { stdio: ["ignore", "pipe", "inherit"] })
  const heard: Heard = { committed: first - 1, settled: new Set(), refused: new Set() }
  let rest = ""
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    const lines = (rest + text).split("\n")
    rest = lines.pop()!
    for (const line of lines) {
      const [what, id] = line.split(" ")
      if (what === "c") heard.committed = Number(id)
      else if (what === "s") heard.settled.add(Number(id))
      else heard.refused.add(Number(id))
    }
  })
  return { child, heard }
}

/** Waits for the first commit, and then for a random number of further turns of what the child says. */
const killSomewhere = async (child: ChildProcess, groups: number): Promise<void> => {
  const closed = once(child, "close")
  for (let heard = 0; heard <= groups; heard++) await once(child.stdout!, "data")
  child.kill("SIGKILL")
  await closed
}

describe("a process that is killed", () => {
  it("loses nothing that it had committed, at whatever moment it is killed", async () => {
    for (let round = 0; round < 4; round++) {
      const { directory, remove } = SqliteFile.folder()
      const { child, heard } = writer(directory, 1)
      await killSomewhere(child, Math.floor(Math.random() * 60))
      const next = SqliteFile.open({ directory })
      void next.start()
      next.journal.commit()
      const delivered = drain(next)
      next.ledger.deliveredIntake += delivered.length
      const books = next.ledger.snapshot()
      assert.isTrue(Ledgers.balances(books), JSON.stringify(books))
      assert.strictEqual(books.redelivered, delivered.length)
      assert.strictEqual(Ledgers.dropped(books), 0)
      assert.strictEqual(new Set(delivered).size, delivered.length, "each once")
      const found = new Set(delivered)
      for (let id = 1; id <= heard.committed; id++) {
        if (!found.has(id)) assert.isTrue(heard.settled.has(id) || heard.refused.has(id), `${id} of ${heard.committed}`)
      }
      assert.isAbove(heard.committed, 0)
      next.journal.close()
      remove()
    }
  })

  it("beside another one in the same directory leaves its own file, and both are found", async () => {
    const { directory, remove } = SqliteFile.folder()
    const writers = [writer(directory, 1), writer(directory, 1_000_001)]
    await Promise.all(writers.map(({ child }, i) => killSomewhere(child, 20 + 10 * i)))
    const next = SqliteFile.open({ directory })
    void next.start()
    next.journal.commit()
    const delivered = drain(next)
    assert.strictEqual(new Set(delivered).size, delivered.length, "each once")
    const found = new Set(delivered)
    for (const [i, { heard }] of writers.entries()) {
      const first = i * 1_000_000 + 1
      assert.isAtLeast(heard.committed, first)
      for (let id = first; id <= heard.committed; id++) {
        if (!found.has(id)) assert.isTrue(heard.settled.has(id) || heard.refused.has(id), String(id))
      }
    }
    next.journal.close()
    remove()
  })
})
