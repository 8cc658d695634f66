/**
 * The rule of the language in comments and in the documentation: no sentence starts with a word that hides its subject.
 * Code is left out: in sources everything beside comments, in both the parts between backticks and the examples.
 */

const hiding = /(?:^|[.:;!?—|] |^[-*] |\*\* )["'(*]*(Whatever|What|Whoever|Who|Nobody|Somebody)\b/g

/** A line of a text, with its number. */
interface Line {
  readonly number: number
  readonly text: string
}

/** The lines of the comments of a source, without their marks. A line with code before its comment has that comment. */
const commentLines = (source: string): ReadonlyArray<Line> => {
  const lines: Array<Line> = []
  let isInside = false
  source.split("\n").forEach((line, index) => {
    const text = isInside || /^\s*\/\*/.test(line)
      ? line.replace(/^\s*(?:\/\*\*?|\*(?!\/))? ?/, "").replace(/\s*\*\/.*$/, "")
      : /(?:^|\s)\/\/ (.*)$/.exec(line)?.[1]
    if (text !== undefined) lines.push({ number: index + 1, text })
    if (/^\s*\/\*/.test(line)) isInside = true
    if (line.includes("*/")) isInside = false
  })
  return lines
}

/**
 * The sentences of a comment or a page that start with a hiding word, as `path:line: word`. A line continues the sentence
 * before it unless that sentence has ended, or the line before it is blank or far away.
 */
export const hidden = (path: string, content: string): ReadonlyArray<string> => {
  const lines = path.endsWith(".ts")
    ? commentLines(content)
    : content.split("\n").map((text, index) => ({ number: index + 1, text }))
  const found: Array<string> = []
  let isExample = false
  let before: Line | undefined
  for (const { number, text } of lines) {
    const isFence = /^\s*(?:> ?)?```/.test(text)
    if (isFence) isExample = !isExample
    if (!isFence && !isExample) {
      const plain = text.replace(/`[^`]*`/g, "`").replace(/^#+ /, "").trim()
      const goesOn = before !== undefined && before.number === number - 1 && /[^.:;!?\s*]\s*$/.test(before.text) &&
        !/^\s*#/.test(before.text)
      for (const match of plain.matchAll(hiding)) {
        if (match.index === 0 && goesOn) continue
        if (/\?/.test(plain) && text.startsWith("#")) continue
        found.push(`${path}:${number}: ${match[1]}`)
      }
    }
    before = { number, text }
  }
  return found
}
