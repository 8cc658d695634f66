/**
 * SHA-256 in plain JavaScript: Web Crypto's is asynchronous, and Node's is not in every runtime.
 */

const word = (fraction: number): number => (fraction - Math.floor(fraction)) * 0x1_0000_0000 | 0

const primes = ((): ReadonlyArray<number> => {
  const found: Array<number> = []
  for (let n = 2; found.length < 64; n++) if (found.every((prime) => n % prime !== 0)) found.push(n)
  return found
})()

// The first 32 bits of the fractions of roots of primes.
const start = primes.slice(0, 8).map((prime) => word(Math.sqrt(prime)))
const constants = primes.map((prime) => word(Math.cbrt(prime)))

const rotated = (x: number, by: number): number => x >>> by | x << 32 - by

/** The message with its padding: a one, zeros, and its length in bits. */
const padded = (message: Uint8Array): DataView => {
  const view = new DataView(new ArrayBuffer((message.length + 72) & ~63))
  new Uint8Array(view.buffer).set(message)
  view.setUint8(message.length, 0x80)
  view.setBigUint64(view.byteLength - 8, BigInt(message.length) * 8n)
  return view
}

/** The digest of a text, as 64 hexadecimal digits. */
export const hex = (text: string): string => {
  const view = padded(new TextEncoder().encode(text))
  const state = [...start]
  const words = new Int32Array(64)
  for (let block = 0; block < view.byteLength; block += 64) {
    for (let i = 0; i < 16; i++) words[i] = view.getInt32(block + 4 * i)
    for (let i = 16; i < 64; i++) {
      const near = words[i - 2]!
      const far = words[i - 15]!
      words[i] = words[i - 16]! + words[i - 7]! +
        (rotated(far, 7) ^ rotated(far, 18) ^ far >>> 3) + (rotated(near, 17) ^ rotated(near, 19) ^ near >>> 10)
    }
    let [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = state
    for (let i = 0; i < 64; i++) {
      const one = h + (rotated(e, 6) ^ rotated(e, 11) ^ rotated(e, 25)) + (e & f ^ ~e & g) + constants[i]! + words[i]!
      const two = (rotated(a, 2) ^ rotated(a, 13) ^ rotated(a, 22)) + (a & b ^ a & c ^ b & c)
      ;[a, b, c, d, e, f, g, h] = [one + two | 0, a, b, c, d + one | 0, e, f, g]
    }
    for (const [i, value] of [a, b, c, d, e, f, g, h].entries()) state[i] = state[i]! + value | 0
  }
  return state.map((value) => (value >>> 0).toString(16).padStart(8, "0")).join("")
}
