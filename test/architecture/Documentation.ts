/**
 * The documentation that every file of `src` needs: a block about the module, and a block with a sentence for each export.
 * If users can import the file, each block also has one category and the version it came with. In an internal file no
 * block has tags, and the block about the module covers the concept that the file is named after, and its `make`. The
 * check reads the text, so that it needs no compiler.
 */

/** The folders whose files cannot be imported. */
const internal = /^src\/(?:engine|adapters|composition|command)\//

const declaration =
  /^export (?:declare )?(?:abstract )?(?:async )?(?:const|let|function\*?|class|interface|type|namespace) (\w+)/
const block = /\/\*\*(?:[^*]|\*(?!\/))*\*\/\s*$/
const since = /^ *\* @since \d+\.\d+\.\d+$/gm
const category = /^ *\* @category (.+)$/gm
const anyBlock = /\/\*\*(?:[^*]|\*(?!\/))*\*\//g
const meaningless = new Set(["utils", "utilities", "common", "helpers", "misc", "other"])

const complaints = (comment: string): ReadonlyArray<string> => {
  const found: Array<string> = []
  const categories = [...comment.matchAll(category)].map((match) => match[1]!)
  if ((comment.match(since) ?? []).length !== 1) found.push("needs one @since")
  if (categories.length !== 1) found.push("needs one @category")
  if (categories.some((name) => meaningless.has(name))) found.push("needs a @category that says something")
  return found
}

/** Whether a block says something beside its tags. */
const hasSentence = (comment: string): boolean =>
  comment.replace(/^\/\*\*|\*\/$/g, "").split("\n").some((line) => /^\s*\*?\s*[^\s*@]/.test(line))

interface Export {
  readonly name: string
  /** The block right above it, if there is one. */
  readonly comment: string | undefined
}

/** The exports of a file that are declared where they are exported, or in a list. */
const exportsOf = (text: string): ReadonlyArray<Export> => {
  const found: Array<Export> = []
  let offset = 0
  for (const line of text.split("\n")) {
    const name = declaration.exec(line)?.[1]
    if (name !== undefined) {
      const comment = block.exec(text.slice(text.lastIndexOf("/**", offset), offset))?.[0]
      // The overloads of a function share the block of the first.
      const overload = line.startsWith("export function") && found.at(-1)?.name === name
      if (!overload) found.push({ name, comment })
    }
    offset += line.length + 1
  }
  for (const list of text.matchAll(/^export (?:type )?\{([^}]*)\}(?! from)/gm)) {
    const entries = list[1]!.matchAll(/(\/\*\*(?:[^*]|\*(?!\/))*\*\/)?\s*(?:\w+ as )?(\w+)\s*(?:,|$)/g)
    for (const entry of entries) found.push({ name: entry[2]!, comment: entry[1] })
  }
  return found
}

/** The faults in the documentation of one file, a sentence each. */
export const missing = (path: string, text: string): ReadonlyArray<string> => {
  const found: Array<string> = []
  const head = /^(?:#!.*\n)?\/\*\*\n \* (?!@)(?:[^*]|\*(?!\/))*\*\/\n/.exec(text)?.[0]
  if (head === undefined) found.push(`${path}: does not begin with a block about the module`)
  else if (/@category/.test(head)) found.push(`${path}: the block about the module is missing, or stands elsewhere`)
  else if (!internal.test(path) && !/^ \* @since \d+\.\d+\.\d+$/m.test(head)) {
    found.push(`${path}: the block about the module has no @since`)
  }
  for (const match of text.matchAll(anyBlock)) {
    const line = text.slice(0, match.index).split("\n").length
    if (!hasSentence(match[0])) found.push(`${path}:${line}: a block holds nothing but tags`)
    if (internal.test(path) && /^ *\* @(?:category|since)\b/m.test(match[0])) {
      found.push(`${path}:${line}: a block of a file that cannot be imported has tags`)
    }
  }
  if (path.endsWith("/index.ts")) return found
  const concept = path.split("/").at(-1)!.slice(0, -".ts".length)
  for (const { comment, name } of exportsOf(text)) {
    if (internal.test(path)) {
      if (!(name === concept || name === "make") && comment === undefined) {
        found.push(`${path}: ${name} is not documented`)
      }
    } else if (comment === undefined) found.push(`${path}: ${name} is not documented`)
    else found.push(...complaints(comment).map((complaint) => `${path}: ${name} ${complaint}`))
  }
  return found
}
