/**
 * The escapes of a JSON string, written by WebAssembly 16 bytes at a time.
 *
 * **Details**
 *
 * `JSON.stringify` takes most of the time that an event for the intake needs, and a loop in JavaScript is slower still. The
 * source is `JsonEscapes.wat`. Some runtimes have no WebAssembly or forbid it, as a page does whose Content Security
 * Policy lacks `wasm-unsafe-eval`: there is no pass then, and its caller takes another way.
 *
 * @since 0.2.0
 */
import { base64 } from "./JsonEscapesWasm.ts"

/**
 * A pass over one piece of a text.
 *
 * @category models
 * @since 0.2.0
 */
export interface EscapePass {
  /** The piece stands here from offset 0 on, and its result from `resultAt` on. */
  readonly memory: Uint8Array
  /** Takes the length of the piece, at most `mostBytes`, and returns that of the result. */
  readonly escape: (length: number) => number
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

/**
 * The letter of each short escape, by its character; 0 for the others.
 *
 * @category constants
 * @since 0.2.0
 */
export const letters = new Uint8Array(0x80)
for (const [unit, letter] of ["\bb", "\tt", "\nn", "\ff", "\rr", "\"\"", "\\\\"]) {
  letters[unit!.charCodeAt(0)] = letter!.charCodeAt(0)
}

// No library of types for all runtimes has this part of the platform.
interface WebAssemblyApi {
  readonly Module: new(bytes: Uint8Array) => object
  readonly Instance: new(module: object) => { readonly exports: Exports }
}

interface Exports {
  readonly memory: { readonly buffer: ArrayBuffer }
  readonly escape: (length: number) => number
}

/**
 * Makes a pass with a memory of its own, of 64 KiB. `undefined` where WebAssembly or its SIMD instructions are missing or
 * forbidden.
 *
 * @category constructors
 * @since 0.2.0
 */
export const make = (): EscapePass | undefined => {
  try {
    const { Instance, Module } = (globalThis as unknown as { readonly WebAssembly: WebAssemblyApi }).WebAssembly
    const bytes = Uint8Array.from(atob(base64), (unit) => unit.charCodeAt(0))
    const { escape, memory } = new Instance(new Module(bytes)).exports
    return { memory: new Uint8Array(memory.buffer), escape }
  } catch {
    return undefined
  }
}
