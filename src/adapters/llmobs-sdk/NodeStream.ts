/**
 * Ends spans with a Node stream, which stays the same object. Its listeners are added once, however many functions return
 * it, and leave with its end.
 */
import { errorMonitor } from "node:events"
import * as ProcessWide from "../../engine/context/ProcessWide.ts"
import type { Ends } from "./Ends.ts"

type Listener = (error: unknown) => void

interface NodeStream {
  readonly pipe: unknown
  readonly readable: unknown
  readonly readableEnded?: unknown
  readonly destroyed?: unknown
  readonly on: (event: string | symbol, listener: Listener) => unknown
  readonly removeListener: (event: string | symbol, listener: Listener) => unknown
}

/** Whether a value is a Node stream that can be read. */
export const is = (value: object): value is NodeStream =>
  ["pipe", "on", "removeListener"].every((key) =>
    typeof (value as { readonly [key: string]: unknown })[key] === "function"
  ) && "readable" in value

// More spans than functions around one stream: a stream that even more return is shared, such as a socket.
const mostSpans = 16

const watched = ProcessWide.get("NodeStream/1", () => new WeakMap<object, Set<Ends>>())

/** Ends a span when the stream ends. */
export const observe = (stream: NodeStream, ends: Ends): object => {
  if (stream.readableEnded === true || stream.destroyed === true) {
    ends.succeed(undefined)
    return stream
  }
  const spans = watched.get(stream) ?? watch(stream)
  if (spans.size === mostSpans) {
    const [oldest] = spans
    oldest!.succeed(undefined)
    spans.delete(oldest!)
  }
  spans.add(ends)
  return stream
}

const watch = (stream: NodeStream): Set<Ends> => {
  const spans = new Set<Ends>()
  const endAll = (end: (ends: Ends) => void): void => {
    for (const [event, listener] of listeners) stream.removeListener(event, listener)
    watched.delete(stream)
    spans.forEach(end)
  }
  // A listener of `error` itself would hide that the program has none.
  const listeners: ReadonlyArray<readonly [string | symbol, Listener]> = [
    ["end", () => endAll((ends) => ends.succeed(undefined))],
    [errorMonitor, (error) => endAll((ends) => ends.fail(error))],
    ["close", () => endAll((ends) => ends.leave())]
  ]
  for (const [event, listener] of listeners) stream.on(event, listener)
  watched.set(stream, spans)
  return spans
}
