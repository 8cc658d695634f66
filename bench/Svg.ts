/** Charts as SVG: bars with their spread, and lines on logarithmic scales. Readable on light and on dark pages. */

export interface Bar {
  readonly label: string
  readonly value: number
  readonly min: number
  readonly max: number
  readonly color: string
  /** Written behind the bar. */
  readonly text: string
}

export interface Line {
  readonly label: string
  readonly color: string
  readonly points: ReadonlyArray<readonly [x: number, y: number]>
}

export interface Lines {
  readonly title: string
  readonly lines: ReadonlyArray<Line>
}

const font = "font-family=\"system-ui, sans-serif\" font-size=\"12\" fill=\"#6b7280\""

const escape = (text: string): string => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll("`", "")

const text = (x: number, y: number, content: string, more = ""): string =>
  `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" ${font} ${more}>${escape(content)}</text>`

const document = (width: number, height: number, parts: ReadonlyArray<string>): string =>
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}">\n${
    parts.join("\n")
  }\n</svg>\n`

const width = 760
const labelWidth = 230
const rowHeight = 22

/** Horizontal bars. A thin line from the least to the greatest lies over each. */
export const bars = (groups: ReadonlyArray<{ readonly title: string; readonly bars: ReadonlyArray<Bar> }>): string => {
  const greatest = Math.max(1e-9, ...groups.flatMap((group) => group.bars.map((bar) => bar.max)))
  const scale = (width - labelWidth - 130) / greatest
  const parts: Array<string> = []
  let y = 0
  for (const group of groups) {
    y += 24
    parts.push(text(0, y, group.title, "font-weight=\"600\""))
    y += 8
    for (const bar of group.bars) {
      const middle = y + rowHeight / 2
      parts.push(
        text(labelWidth - 8, middle + 4, bar.label, "text-anchor=\"end\""),
        `<rect x="${labelWidth}" y="${y + 4}" width="${Math.max(1, bar.value * scale).toFixed(1)}" height="${
          rowHeight - 8
        }" rx="2" fill="${bar.color}"/>`,
        `<path d="M${(labelWidth + bar.min * scale).toFixed(1)} ${middle}H${
          (labelWidth + bar.max * scale).toFixed(1)
        }" stroke="#6b7280"/>`,
        text(labelWidth + bar.max * scale + 8, middle + 4, bar.text)
      )
      y += rowHeight
    }
  }
  return document(width, y + 12, parts)
}

const panelWidth = 370
const panelHeight = 210
const margin = { left: 52, right: 14, top: 28, bottom: 30 }

const compact = (value: number): string =>
  value >= 1e6 ? `${value / 1e6}M` : value >= 1e3 ? `${value / 1e3}k` : String(Number(value.toPrecision(2)))

const powers = (least: number, greatest: number): ReadonlyArray<number> => {
  const from = Math.floor(Math.log10(least))
  const to = Math.ceil(Math.log10(greatest))
  return Array.from({ length: to - from + 1 }, (_, index) => 10 ** (from + index))
}

const panel = ({ lines, title }: Lines, left: number, top: number): ReadonlyArray<string> => {
  const xs = lines.flatMap(({ points }) => points.map(([x]) => x))
  const ys = lines.flatMap(({ points }) => points.map(([, y]) => y))
  if (xs.length === 0) return []
  const yTicks = powers(Math.min(...ys), Math.max(...ys))
  const [x0, x1] = [Math.log10(Math.min(...xs)), Math.log10(Math.max(...xs))]
  const [y0, y1] = [Math.log10(yTicks[0]!), Math.log10(yTicks.at(-1)!)]
  const atX = (x: number): number =>
    left + margin.left + (Math.log10(x) - x0) / (x1 - x0 || 1) * (panelWidth - margin.left - margin.right)
  const atY = (y: number): number =>
    top + panelHeight - margin.bottom -
    (Math.log10(y) - y0) / (y1 - y0 || 1) * (panelHeight - margin.top - margin.bottom)
  return [
    text(left + margin.left, top + 16, title, "font-weight=\"600\""),
    ...yTicks.flatMap((tick) => [
      `<path d="M${left + margin.left} ${atY(tick).toFixed(1)}H${
        left + panelWidth - margin.right
      }" stroke="#9ca3af" stroke-opacity="0.3"/>`,
      text(left + margin.left - 6, atY(tick) + 4, compact(tick), "text-anchor=\"end\"")
    ]),
    ...[...new Set(xs)].map((x) => text(atX(x), top + panelHeight - 10, compact(x), "text-anchor=\"middle\"")),
    ...lines.flatMap(({ color, points }) => [
      `<polyline fill="none" stroke="${color}" stroke-width="2" points="${
        points.map(([x, y]) => `${atX(x).toFixed(1)},${atY(y).toFixed(1)}`).join(" ")
      }"/>`,
      ...points.map(([x, y]) => `<circle cx="${atX(x).toFixed(1)}" cy="${atY(y).toFixed(1)}" r="3" fill="${color}"/>`)
    ])
  ]
}

/** Panels of lines, two in a row, below one legend. Both scales of each are logarithmic. */
export const lines = (panels: ReadonlyArray<Lines>): string => {
  const legend = new Map(panels.flatMap(({ lines }) => lines.map(({ color, label }) => [label, color] as const)))
  const parts: Array<string> = []
  let x = 0
  for (const [label, color] of legend) {
    parts.push(`<rect x="${x}" y="8" width="12" height="12" rx="2" fill="${color}"/>`, text(x + 18, 18, label))
    x += 34 + label.length * 7
  }
  const shown = panels.filter(({ lines }) => lines.some(({ points }) => points.length > 0))
  shown.forEach((one, index) => {
    parts.push(...panel(one, index % 2 * (panelWidth + 20), 30 + Math.floor(index / 2) * (panelHeight + 10)))
  })
  return document(width, 30 + Math.ceil(shown.length / 2) * (panelHeight + 10), parts)
}
