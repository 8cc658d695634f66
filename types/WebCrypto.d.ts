/**
 * Effect's declarations name the Web Crypto types as globals, while those of Node declare only the values. Without the
 * library "DOM", which would let browser globals into the sources, these two names are missing.
 */
import type { webcrypto } from "node:crypto"

declare global {
  interface CryptoKey extends webcrypto.CryptoKey {}
  interface JsonWebKey extends webcrypto.JsonWebKey {}
}
