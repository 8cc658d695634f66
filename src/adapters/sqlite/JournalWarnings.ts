/**
 * The log lines of a durable outbox: each is logged once, and counted.
 */
import type { DiagnosticsService } from "../../ports/Diagnostics.ts"
import type { Notice, Trouble } from "./WorkerProtocol.ts"

/** A kind of warning. */
export type Warning = Exclude<Trouble, "busy"> | Notice["about"] | "unavailable" | "bundled" | "unreadable" | "moved"

const inMemory = "Events are held in memory only"

// Lines say which folder or file, but nothing of its content.
const lines: { readonly [K in Warning]: (folder: string, detail: string) => string } = {
  full: (folder) =>
    `The durable outbox in ${folder} is full, or its disk is. ${inMemory} until there is room: raise durable.maxBytes, or free space.`,
  damaged: (folder, detail) =>
    `SQLite found damage in ${
      detail || `a file in ${folder}`
    }. The file was renamed to *.damaged, and events only it held are counted as refused: read it by \`effect-llmobs rescue FILE\`.`,
  unusable: (folder) =>
    `The durable outbox in ${folder} cannot be written. ${inMemory}, and it is tried again every second: check permissions and the mount.`,
  refused: (_folder, detail) => `The folder of the durable outbox is refused: ${detail}. ${inMemory}.`,
  ended: () => `The thread of the durable outbox has ended. ${inMemory} until it runs again.`,
  unavailable: () => `This runtime has no node:sqlite, so there is no durable outbox. ${inMemory}.`,
  bundled: () =>
    `This program's bundle lacks the thread of the durable outbox. ${inMemory}: keep the package external, by \`external: ["effect-llmobs"]\` or your bundler's option for that.`,
  unreadable: (folder) =>
    `Events in ${folder} could not be read. They are counted as refused and kept: LLMObs.setAside gives them.`,
  moved: (folder) =>
    `A file of the durable outbox was moved, replaced or removed while in use. A new one was begun in ${folder} with the events in memory; nothing but this library may touch the files there.`,
  foreign: (_folder, detail) =>
    `${detail} is no file of a durable outbox, has a second name, or is of another release. It is left as it is: move it elsewhere.`,
  otherUser: (folder, detail) =>
    `Files in ${folder} belong to another user and are not delivered: ${detail}. Change their owner to deliver them.`,
  shared: (folder) =>
    `${folder} is on a network or FUSE file system, where locks may not hold between hosts. Only files of this host are taken over: use a local disk.`,
  readOnly: (folder) =>
    `${folder} cannot be written. Events in it are delivered from a copy, and again by every process until their files are removed.`
}

/** Logs a warning, unless it was logged before. `detail` names files and users. */
export const warn = (diagnostics: DiagnosticsService, warning: Warning, folder: string, detail = ""): void => {
  diagnostics.warnOnce(`outbox.${warning}`, `${lines[warning](folder, detail)} See docs/durable-outbox.md.`)
}
