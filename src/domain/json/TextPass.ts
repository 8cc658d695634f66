/**
 * Passes over texts in WebAssembly, 16 bytes at a time: the escapes of a JSON string, and the UTF-8 of a text.
 *
 * **Details**
 *
 * `JSON.stringify` would take most of the time that an event for the intake needs, and the writer of V8 two to five
 * nanoseconds for each character of a text beyond Latin-1; loops in JavaScript are slower still. The source is
 * `TextPass.wat`. Some runtimes have no WebAssembly or forbid it, as a page does whose Content Security Policy lacks
 * `wasm-unsafe-eval`: there is no pass then, and its caller takes another way.
 *
 * @since 0.2.0
 */
import { base64 } from "./TextPassWasm.ts"

/**
 * Passes over one piece of a text. Each takes the length of the piece in bytes, at most `mostBytes`, and returns that of
 * the result.
 *
 * @category models
 * @since 0.2.0
 */
export interface TextPass {
  /** The piece stands here from offset 0 on, and its result from `resultAt` on. */
  readonly memory: Uint8Array
  /** Escapes UTF-8 as `JSON.stringify` does. */
  readonly escape: (length: number) => number
  /** Writes UTF-16 of little endian as UTF-8, with U+FFFD for each lone surrogate. */
  readonly utf8: (length: number) => number
}

/**
 * The longest piece, in bytes.
 *
 * @category constants
 * @since 0.2.0
 */
export const mostBytes = 8_192

/**
 * The offset of the result of a pass.
 *
 * @category constants
 * @since 0.2.0
 */
export const resultAt = 8_448

// No library of types for all runtimes has this part of the platform.
interface WebAssemblyApi {
  readonly Module: new(bytes: Uint8Array) => object
  readonly Instance: new(module: object) => { readonly exports: Exports }
}

interface Exports extends Omit<TextPass, "memory"> {
  readonly memory: { readonly buffer: ArrayBuffer }
}

/**
 * Makes passes with a memory of their own, of 64 KiB. `undefined` where WebAssembly or its SIMD instructions are missing or
 * forbidden. Where the stack is full, that is not known: it throws what the engine throws there.
 *
 * @category constructors
 * @since 0.2.0
 */
export const make = (): TextPass | undefined => {
  try {
    const { Instance, Module } = (globalThis as unknown as { readonly WebAssembly: WebAssemblyApi }).WebAssembly
    const bytes = Uint8Array.from(atob(base64), (unit) => unit.charCodeAt(0))
    const { escape, memory, utf8 } = new Instance(new Module(bytes)).exports
    return { memory: new Uint8Array(memory.buffer), escape, utf8 }
  } catch (error) {
    if (isFullStack(error)) throw error
    return undefined
  }
}

// By the words of V8, JavaScriptCore and SpiderMonkey. A lack of memory is a `RangeError` too.
const isFullStack = (error: unknown): boolean =>
  error instanceof Error && /call stack|too much recursion/i.test(error.message)

// Each instance reserves gigabytes of addresses, though it uses 64 KiB.
class Shared {
  private pass: TextPass | undefined
  private hasTried = false

  get(): TextPass | undefined {
    if (this.hasTried) return this.pass
    this.pass = make()
    // At the end, because what comes before can fail where the stack is full.
    this.hasTried = true
    return this.pass
  }
}

const passes = new Shared()

/**
 * The passes that all code of a thread shares, if there are any. They are made at the first call. A result must be taken
 * before anything else can run a pass.
 *
 * @category accessors
 * @since 0.2.0
 */
export const shared = (): TextPass | undefined => passes.get()
