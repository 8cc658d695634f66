/**
 * Which folder of `src` may import what: the arrows of the design, as one table.
 */
import { readFileSync } from "node:fs"
import * as Path from "node:path"
import { root } from "../../scripts/SourceFile.ts"
import type { SourceFile } from "../../scripts/SourceFile.ts"

type EffectModules = "none" | "stable" | "any"

interface Rule {
  /** The areas it may import. Every area may import itself; adapters are an area each. */
  readonly areas: ReadonlyArray<string>
  readonly effect: EffectModules
  readonly node: boolean
  /** Other packages, which then must be dependencies of ours. */
  readonly packages: boolean
}

const rules: Readonly<Record<string, Rule>> = {
  "domain": { areas: [], effect: "none", node: false, packages: false },
  "domain/schema": { areas: ["domain"], effect: "stable", node: false, packages: false },
  "ports": { areas: ["domain"], effect: "stable", node: false, packages: false },
  "domain/program": { areas: ["domain", "domain/schema", "ports"], effect: "stable", node: false, packages: false },
  "engine": { areas: ["domain", "domain/program", "ports"], effect: "stable", node: false, packages: false },
  "adapters": {
    areas: ["domain", "domain/schema", "domain/program", "ports", "engine"],
    effect: "any",
    node: true,
    packages: true
  },
  "composition": {
    areas: ["domain", "domain/schema", "domain/program", "ports", "engine", "adapters"],
    effect: "any",
    node: false,
    packages: true
  },
  "layers": {
    areas: ["domain", "domain/schema", "domain/program", "ports", "engine", "adapters", "composition"],
    effect: "any",
    node: false,
    packages: true
  },
  "command": {
    areas: ["domain", "ports", "composition", "layers"],
    effect: "any",
    node: false,
    packages: true
  }
}

/** The area a file belongs to: `domain` with its rooms, `domain/schema`, `adapters/otel`, … */
const areaOf = (path: string): string => {
  const [, first = "", second = ""] = path.split("/")
  if (first === "adapters") return `adapters/${second}`
  return first === "domain" && (second === "schema" || second === "program") ? `domain/${second}` : first
}

const ruleOf = (area: string): Rule | undefined => rules[area.startsWith("adapters/") ? "adapters" : area]

/** Whether a module of Effect calls itself stable, which its own header says. */
const isStable = (specifier: string): boolean => {
  const name = specifier.slice("effect/".length)
  const path = Path.join(root, "node_modules/effect/src", `${name}.ts`)
  try {
    const header = readFileSync(path, "utf8").split("*/", 1)[0]!
    return !name.includes("/") && header.includes("@stability stable")
  } catch {
    return false
  }
}

const packageNameOf = (specifier: string): string =>
  specifier.split("/").slice(0, specifier.startsWith("@") ? 2 : 1).join("/")

const mayImportArea = (from: string, rule: Rule, to: string): boolean =>
  from === to || rule.areas.includes(to) || (to.startsWith("adapters/") && rule.areas.includes("adapters"))

const complaint = (rule: Rule, from: string, specifier: string, dependencies: ReadonlySet<string>) => {
  if (specifier.startsWith("src/")) {
    const to = areaOf(specifier)
    return mayImportArea(from, rule, to) ? undefined : `${from} may not import ${to}`
  }
  if (specifier.startsWith("node:")) return rule.node ? undefined : `${from} may not import node:`
  if (specifier === "effect") return "the barrel of effect may not be imported"
  if (specifier.startsWith("effect/")) {
    if (rule.effect === "any") return undefined
    if (rule.effect === "none") return `${from} may not import Effect`
    return isStable(specifier) ? undefined : `${from} may import only stable modules of Effect`
  }
  if (!rule.packages) return `${from} may not import packages`
  return dependencies.has(packageNameOf(specifier))
    ? undefined
    : `${packageNameOf(specifier)} is neither a dependency nor a peer of ours`
}

/** The faults in the imports of these files, a sentence each. */
export const violations = (
  files: ReadonlyArray<SourceFile>,
  dependencies: ReadonlySet<string>
): ReadonlyArray<string> =>
  files.flatMap((file) => {
    const area = areaOf(file.path)
    const rule = ruleOf(area)
    if (rule === undefined) return [`${file.path}: no rule covers the folder ${area}`]
    return file.imports.flatMap((specifier) => {
      const problem = complaint(rule, area, specifier, dependencies)
      return problem === undefined ? [] : [`${file.path} imports ${specifier}: ${problem}`]
    })
  })

/** The first cycle among the areas of these files, as the areas on it; empty when there is none. */
export const cycle = (files: ReadonlyArray<SourceFile>): ReadonlyArray<string> => {
  const graph = new Map<string, Set<string>>()
  for (const file of files) {
    const from = areaOf(file.path)
    const targets = graph.get(from) ?? new Set()
    for (const specifier of file.imports) {
      if (specifier.startsWith("src/") && areaOf(specifier) !== from) targets.add(areaOf(specifier))
    }
    graph.set(from, targets)
  }
  const done = new Set<string>()
  const visit = (area: string, path: ReadonlyArray<string>): ReadonlyArray<string> => {
    const at = path.indexOf(area)
    if (at !== -1) return [...path.slice(at), area]
    if (done.has(area)) return []
    for (const next of graph.get(area) ?? []) {
      const found = visit(next, [...path, area])
      if (found.length > 0) return found
    }
    done.add(area)
    return []
  }
  for (const area of graph.keys()) {
    const found = visit(area, [])
    if (found.length > 0) return found
  }
  return []
}
