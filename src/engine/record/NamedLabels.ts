/**
 * The session and the user that a framework names: below those of the program, above those of a request.
 */
import * as SessionSource from "../../domain/span/SessionSource.ts"
import type { ContextReader } from "../../ports/ContextReader.ts"
import { CurrentSpan, SpanAnnotations } from "../../ports/CurrentSpan.ts"

/** The labels of a framework's operation. */
export interface NamedLabels {
  readonly sessionId?: string
  readonly userId?: string
}

/** The labels of a new span in a context: those that the program has not named around it. */
export const of = (reader: ContextReader, named: { readonly [K in keyof NamedLabels]: unknown }): NamedLabels => {
  const around = reader.getRef(CurrentSpan)?.context
  const region = reader.getRef(SpanAnnotations)
  const isOpen = (label: SessionSource.Sourced | undefined, inRegion: string | undefined): boolean =>
    inRegion === undefined && (label === undefined || !SessionSource.isVouched(label))
  const sessionId = isOpen(around?.session, region?.sessionId) ? textOf(named.sessionId) : undefined
  const userId = isOpen(around?.userId, region?.userId) ? textOf(named.userId) : undefined
  return {
    ...(sessionId === undefined ? undefined : { sessionId }),
    ...(userId === undefined ? undefined : { userId })
  }
}

const textOf = (named: unknown): string | undefined => typeof named === "string" && named !== "" ? named : undefined
