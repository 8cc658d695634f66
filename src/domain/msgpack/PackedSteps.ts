/**
 * Packs JSON step by step, so that a large value can be packed in slices of time.
 *
 * @since 0.2.0
 */
import type { Json } from "../json/JsonSnapshot.ts"
import { isLong, isWide, LongTextWriter } from "./LongTextWriter.ts"
import type { MsgpackWriter } from "./MsgpackWriter.ts"

// So many short values are one step.
const stepValues = 256

/**
 * The members of an object, one after another, without the head of a map, as `MsgpackWriter.members` writes them. A step is
 * a piece of a long text, or a number of short values. Returns the number of members.
 *
 * @category combinators
 * @since 0.2.0
 */
export function* members(out: MsgpackWriter, object: { readonly [key: string]: Json }): Generator<void, number> {
  let size = 0
  for (const key in object) {
    if (!Object.hasOwn(object, key)) continue
    if (++size % stepValues === 0) yield
    out.text(key)
    yield* value(out, object[key]!)
  }
  return size
}

function* value(out: MsgpackWriter, json: Json): Generator<void> {
  if (typeof json === "string" && isLong(json)) yield* text(out, json)
  else if (typeof json !== "object" || json === null) out.json(json)
  else if (Array.isArray(json)) yield* list(out, json)
  else {
    yield
    const place = out.beginMap()
    out.endMap(place, yield* members(out, json as { readonly [key: string]: Json }))
  }
}

function* list(out: MsgpackWriter, items: ReadonlyArray<Json>): Generator<void> {
  out.array(items.length)
  for (let i = 0; i < items.length; i++) {
    if (i % stepValues === 0) yield
    yield* value(out, items[i]!)
  }
}

function* text(out: MsgpackWriter, long: string): Generator<void> {
  const place = out.beginText()
  const wide = isWide(long)
  for (let from = 0; from < long.length;) {
    from = longTexts.piece(long, from, wide, out)
    yield
  }
  out.endText(place)
}

const longTexts = new LongTextWriter()
