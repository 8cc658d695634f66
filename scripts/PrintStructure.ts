/**
 * Prints the shape of `src` and what each public path loads, and fails when something is beyond a limit.
 */
import { loadedBy, publicPaths, summary } from "./LoadedModules.ts"
import * as SourceFile from "./SourceFile.ts"
import * as Structure from "./Structure.ts"

const structure = Structure.measure(SourceFile.readAll("src"))
for (const line of Structure.render(structure)) console.log(line)

const paths = publicPaths()
console.log(`public     ${paths.length} paths, and what each loads`)
for (const path of paths) {
  const loads = summary(await loadedBy(path))
  const others = [...loads.costly.map((name) => `effect/${name}`), ...loads.packages, ...loads.node]
  console.log(
    `  ${path}: ${loads.files} files, Effect ${loads.effect}${others.length === 0 ? "" : `, ${others.join(", ")}`}`
  )
}

const complaints = Structure.complaints(structure)
for (const complaint of complaints) console.error(complaint)
console.log(complaints.length === 0 ? "within all limits" : `${complaints.length} beyond a limit`)
process.exitCode = complaints.length === 0 ? 0 : 1
