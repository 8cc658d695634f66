/**
 * The type rules that the trace Agent applies to one field of a trace payload.
 */
import type { MsgpackValue } from "./MsgpackReader.ts"

/** The problem of a field, and its place: the reason the Agent answers 400. */
export type Failure = { readonly ok: false; readonly message: string }

/** Reads one wire value by one rule. */
export type Reader<A> = (value: MsgpackValue) => { readonly ok: true; readonly value: A } | Failure

const ok = <A>(value: A): { readonly ok: true; readonly value: A } => ({ ok: true, value })

/** The failure of a value that has another wire type than is wanted. */
export const mismatch = (value: MsgpackValue, wanted: string): Failure => ({
  ok: false,
  message: `${value.type} where ${wanted} is wanted`
})

/** Prefixes a failure with the name of the field around it. */
export const within = (place: string, failure: Failure): Failure => ({
  ok: false,
  message: `${place.slice(0, 100)}: ${failure.message}`
})

/** str, or bin taken as UTF-8; nil is the empty text. */
export const text: Reader<string> = (value) => {
  switch (value.type) {
    case "str":
      return ok(value.value)
    case "bin":
      return ok(Buffer.from(value.value.buffer, value.value.byteOffset, value.value.byteLength).toString("utf8"))
    case "nil":
      return ok("")
    default:
      return mismatch(value, "str")
  }
}

/** The key of a span, a link or an event: text, but never nil. */
export const fieldName: Reader<string> = (value) => value.type === "nil" ? mismatch(value, "a str key") : text(value)

const overflow = (type: string): Failure => ({ ok: false, message: `the integer overflows ${type}` })

/** Any integer; a negative one is its two's complement, since some languages have no unsigned type. nil is zero. */
export const uint64: Reader<bigint> = (value) => {
  switch (value.type) {
    case "int":
    case "uint":
      return ok(BigInt.asUintN(64, value.value))
    case "nil":
      return ok(0n)
    default:
      return mismatch(value, "int")
  }
}

/** Any integer that fits 64 signed bits. nil is zero. */
export const int64: Reader<bigint> = (value) => {
  switch (value.type) {
    case "int":
    case "uint":
      return BigInt.asIntN(64, value.value) === value.value ? ok(value.value) : overflow("int64")
    case "nil":
      return ok(0n)
    default:
      return mismatch(value, "int")
  }
}

/** Any integer that fits 32 signed bits. nil is zero. */
export const int32: Reader<number> = (value) => {
  switch (value.type) {
    case "int":
    case "uint":
      return BigInt.asIntN(32, value.value) === value.value ? ok(Number(value.value)) : overflow("int32")
    case "nil":
      return ok(0)
    default:
      return mismatch(value, "int")
  }
}

/** An integer of the given width that is not negative; nil is refused. */
export const strictUint = (bits: 32 | 64): Reader<bigint> => (value) =>
  value.type !== "int" && value.type !== "uint"
    ? mismatch(value, "uint")
    : BigInt.asUintN(bits, value.value) === value.value
    ? ok(value.value)
    : overflow(`uint${bits}`)

/** A metric: float64 or any integer; nil is zero. float32 is refused. */
export const float64: Reader<number> = (value) => {
  switch (value.type) {
    case "float64":
      return ok(value.value)
    case "int":
    case "uint":
      return ok(Number(value.value))
    case "nil":
      return ok(0)
    default:
      return mismatch(value, "float64")
  }
}

/** An entry of `meta_struct`: bin and nothing else, of any size that fits the request. */
export const struct: Reader<Uint8Array> = (value) => value.type === "bin" ? ok(value.value) : mismatch(value, "bin")

/** A map whose keys are text and whose values are of one kind, in the order written. */
export const entriesOf = <A>(read: Reader<A>): Reader<ReadonlyArray<readonly [string, A]>> => (value) => {
  if (value.type !== "map") {
    return mismatch(value, "map")
  }
  const entries: Array<readonly [string, A]> = []
  for (const [key, item] of value.entries) {
    const name = text(key)
    if (!name.ok) {
      return within("key", name)
    }
    const result = read(item)
    if (!result.ok) {
      return within(name.value, result)
    }
    entries.push([name.value, result.value])
  }
  return ok(entries)
}

/** An array whose items are of one kind; `what` names an item in a message. */
export const listOf = <A>(what: string, read: Reader<A>): Reader<ReadonlyArray<A>> => (value) => {
  if (value.type !== "array") {
    return mismatch(value, "array")
  }
  const items: Array<A> = []
  for (const [index, item] of value.items.entries()) {
    const result = read(item)
    if (!result.ok) {
      return within(`${what} ${index}`, result)
    }
    items.push(result.value)
  }
  return ok(items)
}

/** Accepts nil as "nothing here". */
export const nullable = <A>(read: Reader<A>): Reader<A | null> => (value) =>
  value.type === "nil" ? ok(null) : read(value)

/** Skips a nil field, leaving what it fills untouched. */
export const unlessNil =
  <D>(field: (draft: D, value: MsgpackValue) => string | undefined): typeof field => (draft, value) =>
    value.type === "nil" ? undefined : field(draft, value)

/** A map with known keys: each is read by its own rule, unknown ones are skipped, absent ones are left out. */
export const record = <A>(rules: { readonly [K in keyof A]-?: Reader<A[K]> }): Reader<Partial<A>> => {
  const table: ReadonlyMap<string, Reader<unknown>> = new Map(Object.entries<Reader<unknown>>(rules))
  return (value) => {
    if (value.type !== "map") {
      return mismatch(value, "map")
    }
    const found = new Map<string, unknown>()
    for (const [key, item] of value.entries) {
      const name = fieldName(key)
      if (!name.ok) {
        return name
      }
      const result = table.get(name.value)?.(item)
      if (result?.ok === false) {
        return within(name.value, result)
      }
      if (result !== undefined) {
        found.set(name.value, result.value)
      }
    }
    return ok(Object.fromEntries(found) as Partial<A>)
  }
}
