/** Packages under the names that they have here, or a reason to skip. */
import { createRequire } from "node:module"

const require = createRequire(import.meta.url)

export const isInstalled = (name: string, from?: URL): boolean => {
  try {
    ;(from === undefined ? require : createRequire(from)).resolve(name)
    return true
  } catch (error) {
    // A package can have no entry for `require`.
    return (error as { readonly code?: string }).code === "ERR_PACKAGE_PATH_NOT_EXPORTED"
  }
}

export const missing = (name: string, folder = "interop/integrations"): string =>
  `${name} is not installed: npm --prefix ${folder} ci`

/** The CommonJS form of a package, for those whose other form Node cannot load. */
export const load = (name: string): unknown => require(name)
