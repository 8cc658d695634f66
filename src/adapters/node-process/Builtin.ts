/**
 * The modules of Node that this runtime has.
 *
 * **Details**
 *
 * They are not imported: an `import` of a module that the runtime lacks keeps a whole bundle from loading, as in
 * Cloudflare Workers, even if nothing uses it.
 */
import type * as Fs from "node:fs"
import type * as Os from "node:os"
import type * as Path from "node:path"
import type * as Util from "node:util"

interface Modules {
  readonly "node:fs": typeof Fs
  readonly "node:os": typeof Os
  readonly "node:path": typeof Path
  readonly "node:util": typeof Util
}

/** The process, where the runtime has one. */
export const current: NodeJS.Process | undefined = globalThis.process

/** Whether connections can be opened with Node's HTTP. In Cloudflare Workers it stands on `fetch`, and has no sockets. */
export const hasHttp = (): boolean =>
  typeof current?.getBuiltinModule === "function" && globalThis.navigator?.userAgent !== "Cloudflare-Workers"

/** A module of Node. `undefined` in a runtime that lacks it. */
export const get = <Name extends keyof Modules>(name: Name): Modules[Name] | undefined =>
  current?.getBuiltinModule?.(name) as Modules[Name] | undefined
