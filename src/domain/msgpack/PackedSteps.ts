/**
 * Packs JSON step by step, so that a large value can be packed in slices of time.
 *
 * @since 0.2.0
 */
import type { Json } from "../json/JsonSnapshot.ts"
import { isLong, longTexts } from "./LongTextWriter.ts"
import type { MsgpackWriter } from "./MsgpackWriter.ts"
import * as Utf8 from "./Utf8.ts"

// A step ends after so many characters. Any value counts as some of them.
const stepCharacters = 4096
const valueCharacters = 16

/** The characters that the present step may still have. */
interface Pace {
  left: number
}

/**
 * The members of an object, one after another, without the head of a map, as `MsgpackWriter.members` writes them. A step is
 * a piece of a long text, or a number of short values. Returns the number of members.
 *
 * @category combinators
 * @since 0.2.0
 */
export const members = (out: MsgpackWriter, object: Members): Generator<void, number> =>
  membersOf(out, object, { left: stepCharacters })

type Members = { readonly [key: string]: Json }

function* membersOf(out: MsgpackWriter, object: Members, pace: Pace): Generator<void, number> {
  let size = 0
  for (const key in object) {
    if (!Object.hasOwn(object, key)) continue
    size++
    out.text(key)
    pace.left -= key.length
    yield* value(out, object[key]!, pace)
  }
  return size
}

function* value(out: MsgpackWriter, json: Json, pace: Pace): Generator<void> {
  if (typeof json === "string" && isLong(json)) return yield* text(out, json)
  pace.left -= typeof json === "string" ? valueCharacters + json.length : valueCharacters
  if (typeof json !== "object" || json === null) out.json(json)
  else if (Array.isArray(json)) {
    out.array(json.length)
    for (let i = 0; i < json.length; i++) yield* value(out, json[i]!, pace)
  } else {
    const place = out.beginMap()
    out.endMap(place, yield* membersOf(out, json as Members, pace))
  }
  if (pace.left > 0) return
  pace.left = stepCharacters
  yield
}

function* text(out: MsgpackWriter, long: string): Generator<void> {
  const place = out.beginText()
  const wide = Utf8.isWide(long)
  for (let from = 0; from < long.length;) {
    from = longTexts.piece(long, from, wide, out)
    yield
  }
  out.endText(place)
}
