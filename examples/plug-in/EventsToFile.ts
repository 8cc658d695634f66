/**
 * Events as NDJSON in a file: one event a line, in its envelope, as the LLM intake would get it.
 */
import * as IntakeWriter from "effect-llmobs/IntakeWriter"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as Fs from "node:fs/promises"

/** The file is made when the first events come, for its user alone: events are content. */
export const layer = (path: string): Layer.Layer<IntakeWriter.IntakeWriter> =>
  IntakeWriter.layer({
    // A failed write may have left lines behind, so its events come again and count as possible duplicates.
    write: (events) =>
      Effect.tryPromise(() => Fs.appendFile(path, events.map(({ json }) => `${json}\n`).join(""), { mode: 0o600 }))
  })
