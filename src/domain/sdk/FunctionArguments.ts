/**
 * The arguments of a call by the names of the parameters, as Datadog's SDK for JavaScript records them.
 *
 * @since 0.2.0
 */

/**
 * The reader of a function's arguments. The input is none without arguments, the value itself of one, else an object by
 * the names of the parameters. An argument that is a function is a callback and no input.
 *
 * ```ts import.meta.vitest
 * import { FunctionArguments } from "effect-llmobs/core"
 *
 * const ask = (question: string, { lang } = { lang: "en" }, ...rest: Array<number>) => [question, lang, rest]
 * const input = FunctionArguments.reader(ask)
 * input(["When?"]) // => "When?"
 * input(["When?", { lang: "fr" }, 1, 2]) // => { question: "When?", "{ lang }": { lang: "fr" }, rest: [1, 2] }
 * ```
 *
 * @category constructors
 * @since 0.2.0
 */
export const reader = (f: (...args: never) => unknown): (args: ReadonlyArray<unknown>) => unknown => {
  let names: ReadonlyArray<string> | undefined
  return (args) => {
    if (args.length === 0) return undefined
    if (args.length === 1) return typeof args[0] === "function" ? undefined : args[0]
    return named(args, names ??= parameters(Function.prototype.toString.call(f)))
  }
}

const named = (args: ReadonlyArray<unknown>, names: ReadonlyArray<string>): unknown => {
  const entries: Array<[string, unknown]> = []
  for (let i = 0; i < args.length; i++) {
    const name = names[i] ?? `argument${i + 1}`
    if (name.startsWith("...")) {
      entries.push([name.slice(3), args.slice(i)])
      break
    }
    if (typeof args[i] !== "function") entries.push([name, args[i]])
  }
  return Object.fromEntries(entries)
}

// A bundler can leave a function of any length in one line, but its head is short.
const longestHead = 10_000

/**
 * The parameters in the source of a function: names without default values, the text of a destructured one, `...rest`.
 *
 * @category accessors
 * @since 0.2.0
 */
export const parameters = (source: string): ReadonlyArray<string> => {
  const text = withoutComments(source.slice(0, longestHead))
  const start = text.indexOf("(")
  if (start < 0 || /^[\w$\s]*=>/.test(text)) return []
  const names: Array<string> = []
  let depth = 0
  let from = start + 1
  const add = (to: number): void => {
    const name = nameOf(text.slice(from, to))
    if (name !== "") names.push(name)
    from = to + 1
  }
  for (let i = start + 1; i < text.length; i++) {
    const character = text[i]!
    if (isQuote(character)) i = endOfText(text, i)
    else if ("([{".includes(character)) depth++
    else if (")]}".includes(character)) {
      if (depth === 0) {
        add(i)
        break
      }
      depth--
    } else if (character === "," && depth === 0) add(i)
  }
  return names
}

const isQuote = (character: string): boolean => character === "\"" || character === "'" || character === "`"

const endOfText = (text: string, start: number): number => {
  for (let i = start + 1; i < text.length; i++) {
    if (text[i] === "\\") i++
    else if (text[i] === text[start]) return i
  }
  return text.length
}

// A parameter without its default value.
const nameOf = (parameter: string): string => {
  let depth = 0
  for (let i = 0; i < parameter.length; i++) {
    if ("([{".includes(parameter[i]!)) depth++
    else if (")]}".includes(parameter[i]!)) depth--
    else if (parameter[i] === "=" && depth === 0) return parameter.slice(0, i).trim()
  }
  return parameter.trim()
}

const withoutComments = (text: string): string => {
  let kept = ""
  for (let i = 0; i < text.length; i++) {
    if (isQuote(text[i]!)) {
      const end = endOfText(text, i)
      kept += text.slice(i, end + 1)
      i = end
    } else if (text[i] === "/" && text[i + 1] === "/") i = ends(text.indexOf("\n", i), text) - 1
    else if (text[i] === "/" && text[i + 1] === "*") i = ends(text.indexOf("*/", i + 2), text) + 1
    else kept += text[i]
  }
  return kept
}

const ends = (at: number, text: string): number => at < 0 ? text.length : at
