import { assert, it } from "@effect/vitest"
import * as Fs from "node:fs"
import * as Os from "node:os"
import * as Path from "node:path"
import * as Page from "../Page.ts"
import * as Plots from "../Plots.ts"
import * as Ratio from "../Ratio.ts"
import * as Report from "../Report.ts"
import type { Sample } from "../Sample.ts"
import { Samples } from "../Sample.ts"
import * as Schedule from "../Schedule.ts"
import * as Workload from "../Workload.ts"
import { outcome } from "./Outcome.ts"

const measured = Workload.names.filter((name) => name !== "W8")

// A whole bench, as if each library had taken as many microseconds as its name has letters.
const samples = new Samples(
  measured.flatMap((name) =>
    Schedule.make(name, Workload.workloads[name]).map(({ library, repetition, ...place }): Sample => ({
      workload: name,
      case: place.case,
      library,
      repetition,
      outcome: outcome(library.length + repetition, library === "dd-trace" ? 10 : 0),
      failure: undefined
    }))
  )
)

const machine = {
  processor: "a processor",
  cores: 2,
  memoryGigabytes: 8,
  system: "Linux",
  node: "24.0.0",
  v8: "13.0",
  load: 0,
  packages: { effect: "4.1.0" }
}

it("writes a section and its tables for every workload, and the plots that they show", () => {
  const root = Fs.mkdtempSync(Path.join(Os.tmpdir(), "bench-page-"))
  try {
    const docs = Path.join(root, "docs")
    Fs.mkdirSync(docs)
    Fs.writeFileSync(Path.join(docs, "performance.md"), `# Performance\n\n${Page.marks.begin}\n${Page.marks.end}\n`)
    Page.write(root, {
      machine,
      ratios: Ratio.make(samples, Workload.names),
      sections: [
        ...measured.map((name) => Report.section(samples, name, Workload.workloads[name], () => 1024 ** 2)),
        Report.memorySection(samples)
      ],
      samples,
      seconds: 600
    })
    const page = Fs.readFileSync(Path.join(docs, "performance.md"), "utf8")
    for (const name of Workload.names) assert.include(page, `### ${name}: `)
    assert.notInclude(page, "undefined")
    assert.notInclude(page, "NaN")
    const images = [...page.matchAll(/!\[[^\]]*\]\(([^)]+)\)/g)].map(([, file]) => file!)
    assert.deepStrictEqual(images, ["performance-w1.svg", "performance-w4.svg", "performance-w9.svg"])
    for (const image of images) assert.isTrue(Fs.existsSync(Path.join(docs, image)))
  } finally {
    Fs.rmSync(root, { recursive: true })
  }
})

it("draws plots without a number that is none", () => {
  for (const { svg } of [...Plots.make(samples), ...Plots.make(new Samples([]))]) {
    assert.match(svg, /^<svg [^>]*>[^]*<\/svg>\n$/)
    assert.notMatch(svg, /NaN|Infinity|undefined/)
  }
})

it("names the losses of a burst in its plot", () => {
  const [, losses] = Plots.make(samples)
  assert.include(losses!.svg, ">10.0 %<")
})
