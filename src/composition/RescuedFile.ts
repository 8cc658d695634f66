/**
 * The readable events of a damaged file of a durable outbox, for the command.
 */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Rescue from "../adapters/sqlite/Rescue.ts"

/** The failure to read a file, or to leave its events in another. `cause` says why. */
export class RescueError extends Data.TaggedError("RescueError")<{
  readonly message: string
  readonly cause: unknown
}> {}

const failed = (cause: unknown): RescueError =>
  new RescueError({ message: cause instanceof Error ? cause.message : "The file cannot be read", cause })

/** Reads a file without changing it. */
export const read = (file: string): Effect.Effect<Rescue.Rescued, RescueError> =>
  Effect.try({ try: () => Rescue.read(file), catch: failed })

/** A directory with these events in a durable outbox, as long as the scope. */
export const directoryOf = (found: Rescue.Rescued): Effect.Effect<string, RescueError, Scope.Scope> =>
  Effect.map(
    Effect.acquireRelease(
      Effect.try({ try: () => Rescue.leave(found), catch: failed }),
      ({ remove }) => Effect.sync(remove)
    ),
    ({ directory }) => directory
  )
