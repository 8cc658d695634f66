/**
 * The files that the thread of a journal has open, as far as the journal has been told.
 */
import { streamOf } from "./OutboxFile.ts"
import type { KnownFile, Opening } from "./WorkerProtocol.ts"

/** `reachable` are those that another process would find. `marks` has the last id in each stream of our own file. */
export interface KnownFiles {
  readonly known: Map<number, KnownFile>
  readonly reachable: Set<number>
  marks: { readonly file: number; readonly of: Map<number, number> }
  next: number
}

/** No file. */
export const empty = (): KnownFiles => ({
  known: new Map(),
  reachable: new Set(),
  marks: { file: 0, of: new Map() },
  next: 1
})

/** A file was opened. */
export const add = (self: KnownFiles, known: KnownFile): void => {
  self.known.set(known.file, known)
  self.reachable.add(known.file)
  self.next = Math.max(self.next, known.file + 1)
  if (known.own) self.marks = { file: known.file, of: new Map() }
}

/** An event is in a file. */
export const mark = ({ marks }: KnownFiles, file: number, id: number): void => {
  if (marks.file === file) marks.of.set(streamOf(id), id)
}

/** A file cannot be found any more, though it can be read if it is still `open`. */
export const lose = (self: KnownFiles, file: number, open: boolean): void => {
  if (!open) self.known.delete(file)
  self.reachable.delete(file)
}

/** Where a file is. */
export const pathOf = ({ known }: KnownFiles, file: number): string | undefined => known.get(file)?.path

/** The part of an opening by which a new thread goes on where an earlier one has ended. */
export const opening = ({ known, marks, next }: KnownFiles): Pick<Opening, "files" | "marks" | "nextFile"> => ({
  files: [...known.values()],
  marks: [...marks.of],
  nextFile: next
})
