/**
 * Makes modules cheap to parse, since that is most of the time in which a program imports them.
 * docs/decisions/0014-import.md says how much each rule gains.
 */
import type { Plugin } from "rolldown"
import { RolldownMagicString } from "rolldown"
import { Visitor } from "rolldown/utils"

/** An arrow function in the text of a module. */
interface Arrow {
  readonly start: number
  readonly end: number
  readonly async: boolean
  readonly body: { readonly type: string; readonly start: number }
}

/** The parts of a module that are not cheap to parse. */
interface Found {
  /** The arrow functions that are in no other function, and in no class, where they could have a `this`. */
  readonly arrows: Array<Arrow>
  /** The literals of regular expressions with a property of Unicode. */
  readonly patterns: Array<string>
}

const search = (program: Parameters<InstanceType<typeof Visitor>["visit"]>[0]): Found => {
  const found: Found = { arrows: [], patterns: [] }
  let depth = 0
  const enter = () => {
    depth++
  }
  const leave = () => {
    depth--
  }
  new Visitor({
    FunctionDeclaration: enter,
    "FunctionDeclaration:exit": leave,
    FunctionExpression: enter,
    "FunctionExpression:exit": leave,
    ClassBody: enter,
    "ClassBody:exit": leave,
    ArrowFunctionExpression: (arrow) => {
      if (depth++ === 0) found.arrows.push(arrow)
    },
    "ArrowFunctionExpression:exit": leave,
    Literal: (literal) => {
      if ("regex" in literal && /\\p\{/i.test(literal.regex.pattern)) found.patterns.push(literal.regex.pattern)
    }
  }).visit(program)
  return found
}

/** A function expression that names one of these has its own. */
const own = /\b(?:this|arguments)\b/

/** Writes an arrow function as a function expression. */
const rewrite = (text: RolldownMagicString, { start, end, async, body }: Arrow): void => {
  const arrow = text.original.lastIndexOf("=>", body.start)
  const head = text.original.slice(start + (async ? "async".length : 0), arrow).trim()
  text.overwrite(start, arrow + 2, `${async ? "async " : ""}function${/^[(<]/.test(head) ? head : `(${head})`}`)
  if (body.type === "BlockStatement") return
  // A line break behind `return` would end it. A function in parentheses would be compiled with the one around it.
  const inParentheses = text.original.slice(arrow, body.start).includes("(")
  text.appendLeft(arrow + 2, inParentheses ? " { return (" : " {")
  if (!inParentheses) text.appendLeft(body.start, " return ")
  text.appendRight(end, inParentheses ? ") }" : " }")
}

/**
 * Writes the outermost arrow functions of each module as function expressions. Of these V8 only looks for the end when it
 * compiles the module, while it makes a whole syntax tree of an arrow function, only to throw it away.
 *
 * Fails if a regular expression has a property of Unicode, since V8 reads ICU's tables when it parses such a literal.
 */
export const plugin: Plugin = {
  name: "parse-cost",
  transform: {
    filter: { id: /\.ts$/ },
    handler(code, id) {
      const { arrows, patterns } = search(this.parse(code, { lang: "ts" }))
      for (const pattern of patterns) this.error(`${id}: give ${pattern} to new RegExp when it is needed`)
      const text = new RolldownMagicString(code)
      for (const arrow of arrows) if (!own.test(code.slice(arrow.start, arrow.end))) rewrite(text, arrow)
      return text.hasChanged()
        ? { code: text.toString(), map: text.generateMap({ hires: "boundary" }).toString() }
        : null
    }
  }
}
