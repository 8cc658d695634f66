import { defineConfig } from "vitest/config"
import ClosingLineReporter from "../../scripts/ClosingLineReporter.ts"

// Examples find the clients that are installed here.
const alias = Object.fromEntries(
  ["@anthropic-ai/sdk", "@google/genai"].map((name) => [name, `${import.meta.dirname}/node_modules/${name}`])
)

// Without "module": the packages of AWS have a form under it that Node cannot load.
const conditions = ["effect-llmobs-source", "node", "development|production"]

export default defineConfig({
  root: import.meta.dirname,
  resolve: { alias, conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: ["*.test.ts"],
    pool: "forks",
    maxWorkers: 2,
    testTimeout: 30_000,
    silent: "passed-only",
    reporters: [["default", { summary: false }], new ClosingLineReporter()]
  }
})
