/**
 * The events of a file that nobody takes: the newest 1,000 of them, and at most 16 MiB, for somebody to read.
 *
 * @since 0.1.0
 */
import type { Reason, SetAside } from "../../domain/delivery/SetAside.ts"
import type { EventFile } from "./EventFile.ts"

/**
 * @category constants
 * @since 0.1.0
 */
export const bounds = { events: 1_000, bytes: 16 * 1024 * 1024 } as const

/**
 * Adds events, the newest last, inside a transaction, and takes out what is beyond the bounds.
 *
 * @category combinators
 * @since 0.1.0
 */
export const add = (self: EventFile, entries: ReadonlyArray<SetAside>): void => {
  if (entries.length === 0) return
  const insert = self.database.prepare("INSERT INTO set_aside (at, reason, status, body) VALUES (?, ?, ?, ?)")
  for (const { at, event, reason, status } of entries) insert.run(at, reason, status ?? null, event ?? null)
  self.database.prepare(
    `DELETE FROM set_aside WHERE id NOT IN (
      SELECT id FROM (
        SELECT id, row_number() OVER newest AS place, sum(coalesce(octet_length(body), 0)) OVER newest AS bytes
        FROM set_aside WINDOW newest AS (ORDER BY id DESC)
      ) WHERE place <= ? AND bytes <= ?
    )`
  ).run(bounds.events, bounds.bytes)
}

/**
 * All of them, the oldest first, those of earlier processes too.
 *
 * @category accessors
 * @since 0.1.0
 */
export const read = (self: EventFile): ReadonlyArray<SetAside> =>
  self.database.prepare("SELECT at, reason, status, body FROM set_aside ORDER BY id").all().map((row) => ({
    reason: reasons.find((reason) => reason === row["reason"]) ?? "unreadable",
    status: row["status"] === null ? undefined : Number(row["status"]),
    at: Number(row["at"]),
    event: row["body"] === null ? undefined : String(row["body"])
  }))

const reasons: ReadonlyArray<Reason> = ["refused", "oversized", "unreadable"]
