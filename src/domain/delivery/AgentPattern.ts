/**
 * Regular expressions of the Agent's configuration, run in linear time.
 *
 * **Details**
 *
 * The Agent drops traces whose root matches patterns that it publishes. The patterns use Go's syntax, without
 * back-references, and Go runs them in linear time. JavaScript's engine may take exponential time for the same pattern,
 * so they are run here as a set of states over the text, in one pass. Supported: literals, `.`, classes, `\d \w \s \b`
 * and their negations, POSIX classes, groups, alternatives, `* + ? {n,m}` (lazy ones too), `^ $ \A \z`, and the flags
 * `i`, `s` and `m`. A pattern with anything else (Unicode classes, `\Q`, flag `U`) is not compiled, and the caller has
 * to assume that it matches.
 *
 * @since 0.1.0
 */

type Test = (code: number) => boolean
type Anchor = "textStart" | "textEnd" | "lineStart" | "lineEnd" | "word" | "notWord"

type Node =
  | { readonly _tag: "Char"; readonly test: Test }
  | { readonly _tag: "Anchor"; readonly anchor: Anchor }
  | { readonly _tag: "All"; readonly nodes: ReadonlyArray<Node> }
  | { readonly _tag: "Any"; readonly nodes: ReadonlyArray<Node> }
  | { readonly _tag: "Repeat"; readonly node: Node; readonly min: number; readonly max: number }

// `next` and `other` are indices in the program; -1 stands for a match.
type Instruction =
  | { readonly _tag: "Char"; readonly test: Test; readonly next: number }
  | { readonly _tag: "Anchor"; readonly anchor: Anchor; readonly next: number }
  | { readonly _tag: "Split"; next: number; readonly other: number }

/**
 * A compiled pattern.
 *
 * @category models
 * @since 0.1.0
 */
export interface AgentPattern {
  readonly source: string
  /** Whether the pattern occurs in a text. `work` is charged for each step; `false` if too little is left. */
  readonly matches: (text: Text, work: Work) => boolean
}

/**
 * A text that several patterns are run over. It is cut, and split into characters when the first pattern needs them.
 *
 * @category models
 * @since 0.2.0
 */
export interface Text {
  readonly value: string
  readonly codes: () => ReadonlyArray<number>
}

/**
 * The steps that the patterns of one trace may take together. A step reads one state; `left` falls below zero if there
 * were too many.
 *
 * @category models
 * @since 0.2.0
 */
export interface Work {
  left: number
}

/**
 * Prepares a text for patterns.
 *
 * @category constructors
 * @since 0.2.0
 */
export const text = (value: string): Text => {
  const cut = value.length > limits.text ? value.slice(0, limits.text) : value
  let codes: ReadonlyArray<number> | undefined
  return { value: cut, codes: () => codes ??= Array.from(cut, (c) => c.codePointAt(0)!) }
}

/**
 * The largest pattern in characters, the most states it may need, the deepest nesting, and how much of a text is read.
 *
 * @category constants
 * @since 0.1.0
 */
export const limits = { source: 1_000, states: 500, depth: 20, text: 5_000 } as const

/**
 * Compiles a pattern. `undefined` if it is malformed, too large or uses unsupported syntax.
 *
 * @category constructors
 * @since 0.1.0
 */
export const compile = (source: string): AgentPattern | undefined => {
  if (source.length > limits.source) return undefined
  if (!special.test(source)) {
    return {
      source,
      matches: ({ value }, work) => {
        // The engine's own search reads hundreds of characters in the time of one step.
        work.left -= 1 + (value.length >> 8)
        return value.includes(source)
      }
    }
  }
  const parser: Parser = { chars: Array.from(source), at: 0, depth: 0 }
  const node = parseAny(parser, { i: false, s: false, m: false })
  if (node === undefined || parser.at < parser.chars.length) return undefined
  const program: Program = { states: [], steps: 0 }
  const start = emit(program, node, -1)
  if (start === undefined) return undefined
  return { source, matches: (text, work) => run(program.states, start, text.codes(), work) }
}

const special = /[\\^$.|?*+()[\]{}\ud800-\udfff]/

interface Program {
  readonly states: Array<Instruction>
  steps: number
}

interface Parser {
  readonly chars: ReadonlyArray<string>
  at: number
  depth: number
}

interface Flags {
  readonly i: boolean
  readonly s: boolean
  readonly m: boolean
}

const newline = 10
const isDigit: Test = (c) => c >= 48 && c <= 57
const isWord: Test = (c) => isDigit(c) || (c >= 65 && c <= 90) || (c >= 97 && c <= 122) || c === 95
const isSpace: Test = (c) => c === 9 || c === 10 || c === 12 || c === 13 || c === 32
const not = (test: Test): Test => (c) => !test(c)
const range = (from: number, to: number): Test => (c) => c >= from && c <= to
const oneOf = (tests: ReadonlyArray<Test>): Test => (c) => tests.some((test) => test(c))

const classEscapes: ReadonlyMap<string, Test> = new Map([
  ["d", isDigit],
  ["D", not(isDigit)],
  ["w", isWord],
  ["W", not(isWord)],
  ["s", isSpace],
  ["S", not(isSpace)]
])

const anchorEscapes: ReadonlyMap<string, Anchor> = new Map([
  ["A", "textStart"],
  ["z", "textEnd"],
  ["b", "word"],
  ["B", "notWord"]
])

const controlEscapes: ReadonlyMap<string, number> = new Map([
  ["a", 7],
  ["f", 12],
  ["n", 10],
  ["r", 13],
  ["t", 9],
  ["v", 11]
])

const posixClasses: ReadonlyMap<string, Test> = new Map([
  ["alnum", oneOf([isDigit, range(65, 90), range(97, 122)])],
  ["alpha", oneOf([range(65, 90), range(97, 122)])],
  ["ascii", range(0, 127)],
  ["blank", oneOf([range(9, 9), range(32, 32)])],
  ["cntrl", oneOf([range(0, 31), range(127, 127)])],
  ["digit", isDigit],
  ["graph", range(33, 126)],
  ["lower", range(97, 122)],
  ["print", range(32, 126)],
  ["punct", oneOf([range(33, 47), range(58, 64), range(91, 96), range(123, 126)])],
  ["space", oneOf([isSpace, range(11, 11)])],
  ["upper", range(65, 90)],
  ["word", isWord],
  ["xdigit", oneOf([isDigit, range(65, 70), range(97, 102)])]
])

const folded = (test: Test): Test => (c) => {
  if (test(c)) return true
  const char = String.fromCodePoint(c)
  const lower = char.toLowerCase()
  const upper = char.toUpperCase()
  return (lower.length === char.length && test(lower.codePointAt(0)!)) ||
    (upper.length === char.length && test(upper.codePointAt(0)!))
}

const char = (test: Test, flags: Flags): Node => ({ _tag: "Char", test: flags.i ? folded(test) : test })
const anchor = (kind: Anchor): Node => ({ _tag: "Anchor", anchor: kind })

const parseAny = (p: Parser, flags: Flags): Node | undefined => {
  const nodes: Array<Node> = []
  let current = flags
  do {
    const all: Array<Node> = []
    while (p.at < p.chars.length && p.chars[p.at] !== "|" && p.chars[p.at] !== ")") {
      const changed = parseFlags(p, current)
      if (changed !== undefined) {
        current = changed
        continue
      }
      const node = parseRepeat(p, current)
      if (node === undefined) return undefined
      all.push(node)
    }
    nodes.push(all.length === 1 ? all[0]! : { _tag: "All", nodes: all })
  } while (p.chars[p.at] === "|" && ++p.at > 0)
  return nodes.length === 1 ? nodes[0]! : { _tag: "Any", nodes }
}

// `(?i)` in the middle of a group holds to its end.
const parseFlags = (p: Parser, flags: Flags): Flags | undefined => {
  const found = /^\(\?([ims]{0,3})(?:-([ims]{1,3}))?\)/.exec(p.chars.slice(p.at, p.at + 11).join(""))
  if (found === null || found[0] === "(?)") return undefined
  p.at += found[0].length
  return withFlags(flags, found[1]!, found[2] ?? "")
}

const withFlags = (flags: Flags, on: string, off: string): Flags => ({
  i: (flags.i || on.includes("i")) && !off.includes("i"),
  s: (flags.s || on.includes("s")) && !off.includes("s"),
  m: (flags.m || on.includes("m")) && !off.includes("m")
})

const parseRepeat = (p: Parser, flags: Flags): Node | undefined => {
  let node = parseAtom(p, flags)
  if (node === undefined) return undefined
  const found = parseCount(p)
  if (found === undefined) return node
  if (found.min > found.max || found.min > limits.states) return undefined
  node = { _tag: "Repeat", node, min: found.min, max: found.max }
  // Laziness changes what is captured, not whether the text matches.
  if (p.chars[p.at] === "?") p.at++
  return parseCount(p) === undefined ? node : undefined
}

const parseCount = (p: Parser): { readonly min: number; readonly max: number } | undefined => {
  const c = p.chars[p.at]
  if (c === "*" || c === "+" || c === "?") {
    p.at++
    return { min: c === "+" ? 1 : 0, max: c === "?" ? 1 : Infinity }
  }
  if (c !== "{") return undefined
  const found = /^\{(\d{1,4})(,(\d{1,4})?)?\}/.exec(p.chars.slice(p.at, p.at + 11).join(""))
  if (found === null) return undefined
  p.at += found[0].length
  const min = Number(found[1])
  return { min, max: found[2] === undefined ? min : found[3] === undefined ? Infinity : Number(found[3]) }
}

const parseAtom = (p: Parser, flags: Flags): Node | undefined => {
  const c = p.chars[p.at++]!
  switch (c) {
    case "(":
      return parseGroup(p, flags)
    case "[":
      return parseClass(p, flags)
    case ".":
      return char(flags.s ? () => true : (code) => code !== newline, flags)
    case "^":
      return anchor(flags.m ? "lineStart" : "textStart")
    case "$":
      return anchor(flags.m ? "lineEnd" : "textEnd")
    case "\\": {
      const next = p.chars[p.at]
      const kind = next === undefined ? undefined : anchorEscapes.get(next)
      if (kind !== undefined) {
        p.at++
        return anchor(kind)
      }
      const test = parseEscape(p)
      return test === undefined ? undefined : char(typeof test === "number" ? range(test, test) : test, flags)
    }
    case "*":
    case "+":
    case "?":
      return undefined
    default: {
      const code = c.codePointAt(0)!
      return char(range(code, code), flags)
    }
  }
}

const parseGroup = (p: Parser, outer: Flags): Node | undefined => {
  if (++p.depth > limits.depth) return undefined
  let flags = outer
  if (p.chars[p.at] === "?") {
    const head = /^\?(?:P?<\w{1,40}>|([ims]{0,3})(?:-([ims]{1,3}))?:)/.exec(p.chars.slice(p.at, p.at + 46).join(""))
    if (head === null) return undefined
    flags = withFlags(outer, head[1] ?? "", head[2] ?? "")
    p.at += head[0].length
  }
  const node = parseAny(p, flags)
  if (node === undefined || p.chars[p.at++] !== ")") return undefined
  p.depth--
  return node
}

// The code of a character, or the test of a class such as `\d`.
const parseEscape = (p: Parser): Test | number | undefined => {
  const c = p.chars[p.at++]
  if (c === undefined) return undefined
  const control = controlEscapes.get(c)
  if (control !== undefined) return control
  if (c === "x") {
    const found = /^(?:([0-9a-fA-F]{2})|\{([0-9a-fA-F]{1,6})\})/.exec(p.chars.slice(p.at, p.at + 8).join(""))
    if (found === null) return undefined
    p.at += found[0].length
    const code = parseInt(found[1] ?? found[2]!, 16)
    return code > 0x10ffff ? undefined : code
  }
  return classEscapes.get(c) ?? (isWord(c.codePointAt(0)!) ? undefined : c.codePointAt(0)!)
}

const parseClass = (p: Parser, flags: Flags): Node | undefined => {
  const negated = p.chars[p.at] === "^"
  if (negated) p.at++
  const tests: Array<Test> = []
  for (let first = true; first || p.chars[p.at] !== "]"; first = false) {
    const posix = /^\[:(\^?)([a-z]{1,6}):\]/.exec(p.chars.slice(p.at, p.at + 11).join(""))
    if (posix !== null) {
      const test = posixClasses.get(posix[2]!)
      if (test === undefined) return undefined
      tests.push(posix[1] === "^" ? not(test) : test)
      p.at += posix[0].length
      continue
    }
    const from = parseClassChar(p)
    if (from === undefined) return undefined
    if (typeof from !== "number") {
      tests.push(from)
    } else if (p.chars[p.at] === "-" && p.chars[p.at + 1] !== "]") {
      p.at++
      const to = parseClassChar(p)
      if (typeof to !== "number" || to < from) return undefined
      tests.push(range(from, to))
    } else {
      tests.push(range(from, from))
    }
  }
  p.at++
  const inside = flags.i ? folded(oneOf(tests)) : oneOf(tests)
  return { _tag: "Char", test: negated ? not(inside) : inside }
}

const parseClassChar = (p: Parser): Test | number | undefined => {
  const c = p.chars[p.at++]
  return c === undefined ? undefined : c === "\\" ? parseEscape(p) : c.codePointAt(0)!
}

// Writes the states of a node, the last ones first, and returns the index of its first state; `undefined` if there
// are too many.
const emit = (program: Program, node: Node, next: number): number | undefined => {
  // Steps are counted too, since nested repeats of nothing need many steps and no state.
  if (program.states.length > limits.states || ++program.steps > 20 * limits.states) return undefined
  switch (node._tag) {
    case "Char":
      return program.states.push({ _tag: "Char", test: node.test, next }) - 1
    case "Anchor":
      return program.states.push({ _tag: "Anchor", anchor: node.anchor, next }) - 1
    case "All": {
      let start: number | undefined = next
      for (let i = node.nodes.length - 1; i >= 0 && start !== undefined; i--) {
        start = emit(program, node.nodes[i]!, start)
      }
      return start
    }
    case "Any": {
      let start = emit(program, node.nodes[node.nodes.length - 1]!, next)
      for (let i = node.nodes.length - 2; i >= 0 && start !== undefined; i--) {
        const one = emit(program, node.nodes[i]!, next)
        if (one === undefined) return undefined
        start = program.states.push({ _tag: "Split", next: one, other: start }) - 1
      }
      return start
    }
    case "Repeat": {
      let start: number | undefined = next
      if (node.max === Infinity) {
        const loop = { _tag: "Split" as const, next: -1, other: next }
        start = program.states.push(loop) - 1
        const body = emit(program, node.node, start)
        if (body === undefined) return undefined
        loop.next = body
      } else {
        for (let i = node.min; i < node.max; i++) {
          const body = emit(program, node.node, start)
          if (body === undefined) return undefined
          start = program.states.push({ _tag: "Split", next: body, other: next }) - 1
        }
      }
      return emit(program, { _tag: "All", nodes: Array<Node>(node.min).fill(node.node) }, start)
    }
  }
}

const holds = (kind: Anchor, before: number, after: number): boolean => {
  switch (kind) {
    case "textStart":
      return before < 0
    case "textEnd":
      return after < 0
    case "lineStart":
      return before < 0 || before === newline
    case "lineEnd":
      return after < 0 || after === newline
    case "word":
      return isWord(before) !== isWord(after)
    case "notWord":
      return isWord(before) === isWord(after)
  }
}

const run = (
  program: ReadonlyArray<Instruction>,
  start: number,
  codes: ReadonlyArray<number>,
  work: Work
): boolean => {
  if (start < 0) return true
  let waiting: Array<number> = []
  let open: Array<number> = []
  // For each state, the index in the text where it was last entered.
  const entered = new Int32Array(program.length).fill(-1)
  work.left -= program.length >> 5
  for (let at = 0; at <= codes.length; at++) {
    const before = at === 0 ? -1 : codes[at - 1]!
    const after = at === codes.length ? -1 : codes[at]!
    // The waiting states are open now. The old array is reused.
    const last = open
    open = waiting
    waiting = last
    open.push(start)
    while (open.length > 0) {
      if (--work.left < 0) return false
      const place = open.pop()!
      if (place < 0) return true
      if (entered[place] === at) continue
      entered[place] = at
      const instruction = program[place]!
      if (instruction._tag === "Split") open.push(instruction.next, instruction.other)
      else if (instruction._tag === "Anchor") {
        if (holds(instruction.anchor, before, after)) open.push(instruction.next)
      } else if (after >= 0 && instruction.test(after)) waiting.push(instruction.next)
    }
  }
  return false
}
