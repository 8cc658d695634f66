/** How a program that may be killed at any moment says something: at once, however slow the listener is. */
import * as Fs from "node:fs"

const rest = new Int32Array(new SharedArrayBuffer(4))

export const say = (line: string): void => {
  for (;;) {
    try {
      Fs.writeSync(1, `${line}\n`)
      return
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error
      Atomics.wait(rest, 0, 0, 1)
    }
  }
}
