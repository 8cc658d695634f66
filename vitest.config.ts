import { defaultClientConditions, defaultServerConditions } from "vite"
import { defineConfig } from "vitest/config"
import ClosingLineReporter from "./scripts/ClosingLineReporter.ts"
import { documentedExamples } from "./scripts/DocumentedExamples.ts"

const source = "effect-llmobs-source"

export default defineConfig({
  plugins: [documentedExamples()],
  resolve: { conditions: [source, ...defaultClientConditions] },
  ssr: { resolve: { conditions: [source, ...defaultServerConditions] } },
  test: {
    include: ["test/**/*.test.ts"],
    // A process per file, since tests start servers and set environment variables; two at a time, since
    // continuous integration has two cores.
    pool: "forks",
    maxWorkers: 2,
    // Tests of one file that wait for processes more than they compute run side by side.
    maxConcurrency: 3,
    testTimeout: 60_000,
    // A layer logs that it started: what a passing test prints is of no use.
    silent: "passed-only",
    hookTimeout: 60_000,
    reporters: [["default", { summary: false }], new ClosingLineReporter()]
  }
})
