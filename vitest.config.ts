import { join } from "node:path"
import { defaultClientConditions, defaultServerConditions } from "vite"
import { defineConfig } from "vitest/config"
import ClosingLineReporter from "./scripts/ClosingLineReporter.ts"
import { documentedExamples } from "./scripts/DocumentedExamples.ts"

const source = "effect-llmobs-source"

// The processes of the tests, and those that tests start, find what an earlier one has compiled.
process.env["NODE_COMPILE_CACHE"] ??= join(import.meta.dirname, "node_modules/.cache/node")

// These rooms touch nothing outside, which test/architecture checks: their tests share the modules of a process.
const inside = ["test/{domain,engine,ports}/**/*.test.ts"]

export default defineConfig({
  plugins: [documentedExamples()],
  resolve: { conditions: [source, ...defaultClientConditions] },
  ssr: { resolve: { conditions: [source, ...defaultServerConditions] } },
  test: {
    projects: [
      { extends: true, test: { name: "inside", include: inside, isolate: false } },
      // A process per file, since these tests start servers and set environment variables.
      { extends: true, test: { name: "outside", include: ["test/**/*.test.ts"], exclude: inside } }
    ],
    setupFiles: ["test/TestSeed.ts"],
    pool: "forks",
    // Continuous integration has two cores.
    maxWorkers: 2,
    // Tests of one file that wait for processes more than they compute run side by side.
    maxConcurrency: 3,
    testTimeout: 180_000,
    // A layer logs that it started: what a passing test prints is of no use.
    silent: "passed-only",
    hookTimeout: 180_000,
    reporters: [["default", { summary: false }], new ClosingLineReporter()]
  }
})
