import { defineConfig } from "vitest/config"
import ClosingLineReporter from "../../scripts/ClosingLineReporter.ts"

const conditions = ["effect-llmobs-source", "module", "node", "development|production"]

export default defineConfig({
  root: import.meta.dirname,
  resolve: { conditions },
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
