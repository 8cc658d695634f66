import * as Fs from "node:fs"
import * as Path from "node:path"

/**
 * A request, an answer or the chunks of a stream, as a provider or framework gave them.
 */
export interface Fixture {
  readonly name: string
  /** Whether it was recorded, or written from the types of the package. */
  readonly recorded: boolean
  /** The package it comes from, with its version. */
  readonly source: string
  readonly license?: string
  readonly dialect: string
  readonly request?: unknown
  readonly response?: unknown
  readonly chunks?: ReadonlyArray<unknown>
  /** The expected content of both sides, checked by hand. */
  readonly expected: { readonly input?: unknown; readonly output?: unknown }
}

const folder = Path.join(import.meta.dirname, "../../data/providers")

export const all: ReadonlyArray<Fixture> = Fs.readdirSync(folder).filter((file) => file.endsWith(".json")).map((
  file
) => ({
  name: Path.basename(file, ".json"),
  ...JSON.parse(Fs.readFileSync(Path.join(folder, file), "utf8"))
}))
