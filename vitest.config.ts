import { defaultClientConditions, defaultServerConditions } from "vite"
import { defineConfig } from "vitest/config"
import ClosingLineReporter from "./scripts/ClosingLineReporter.ts"
import { documentedExamples } from "./scripts/DocumentedExamples.ts"

// Node knows no condition "module": a package may have files there that Node cannot load.
const conditions = (defaults: ReadonlyArray<string>): Array<string> => [
  "effect-llmobs-source",
  ...defaults.filter((condition) => condition !== "module")
]

export default defineConfig({
  plugins: [documentedExamples()],
  resolve: { conditions: conditions(defaultClientConditions) },
  ssr: { resolve: { conditions: conditions(defaultServerConditions) } },
  test: {
    include: ["test/**/*.test.ts"],
    // A process per file, since tests start servers and set environment variables; two at a time, since
    // continuous integration has two cores.
    pool: "forks",
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 30_000,
    reporters: [["default", { summary: false }], new ClosingLineReporter()]
  }
})
