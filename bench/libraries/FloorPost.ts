/** The floor: `JSON.stringify` for each event, joined into posts of 1 MiB. */
import type { Start } from "../Library.ts"
import * as FloorProgram from "./FloorProgram.ts"
import * as Posts from "./Posts.ts"

export const start: Start = async (sink) => {
  const posts = Posts.make(sink)
  let waiting: Array<string> = []
  let bytes = 0
  const post = (): void => {
    if (waiting.length === 0) return
    posts.send("/api/v2/llmobs", "application/json", Buffer.from(`[${waiting.join(",")}]`))
    waiting = []
    bytes = 0
  }
  return FloorProgram.start({
    event: (json) => {
      waiting.push(json)
      bytes += json.length
      if (bytes >= 1024 ** 2) post()
    },
    flush: () => {
      post()
      return posts.answered()
    },
    close: posts.close
  })
}
