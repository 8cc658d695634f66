/**
 * A process that tries to write to a file which another one has open, as often as it can, until its input ends. It says `in`
 * when it first gets in, and at the end how often it tried and got in.
 */
import { DatabaseSync } from "node:sqlite"
import { say } from "./Say.ts"

const [path = ""] = process.argv.slice(2)
let ended = false
let tries = 0
let entered = 0
process.stdin.on("end", () => {
  ended = true
}).resume()

const turn = () => {
  tries++
  try {
    const database = new DatabaseSync(path, { timeout: 0 })
    try {
      database.exec("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE")
      if (entered++ === 0) say("in")
    } finally {
      database.close()
    }
  } catch {
    // It is locked, as it should be.
  }
  if (tries === 1) say("began")
  if (ended) say(`${tries} ${entered}`)
  else setImmediate(turn)
}
turn()
