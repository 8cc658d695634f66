/**
 * The readable events of a damaged file of a durable outbox, for the command.
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Rescue from "../adapters/sqlite/Rescue.ts"

const failed = (error: unknown): Error => error instanceof Error ? error : new Error("The file cannot be read")

/** Reads a file without changing it. */
export const read = (file: string): Effect.Effect<Rescue.Rescued, Error> =>
  Effect.try({ try: () => Rescue.read(file), catch: failed })

/** A directory with these events in a durable outbox, as long as the scope. */
export const directoryOf = (found: Rescue.Rescued): Effect.Effect<string, Error, Scope.Scope> =>
  Effect.map(
    Effect.acquireRelease(
      Effect.try({ try: () => Rescue.leave(found), catch: failed }),
      ({ remove }) => Effect.sync(remove)
    ),
    ({ directory }) => directory
  )
