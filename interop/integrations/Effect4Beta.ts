/**
 * Lets packages of Effect's last beta run on Effect 4.1, whose modules were moved. The provider packages of 4.1 are not in
 * every registry.
 */
import { registerHooks } from "node:module"

// The module of the beta that has no successor of the same form.
const encoding = `data:text/javascript,${
  encodeURIComponent(
    `import * as Base64 from ${JSON.stringify(import.meta.resolve("effect/encoding/Base64"))}
export const encodeBase64 = Base64.encode
export const decodeBase64 = Base64.decode`
  )
}`

const moved = (specifier: string): string =>
  specifier === "effect/Encoding" ? encoding : specifier.replace(/^effect\/unstable\//, "effect/")

registerHooks({ resolve: (specifier, context, next) => next(moved(specifier), context) })
