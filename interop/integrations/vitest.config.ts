import type { Plugin } from "vite"
import { defineConfig } from "vitest/config"
import ClosingLineReporter from "../../scripts/ClosingLineReporter.ts"

// Examples find the packages that are installed here.
const packages = /^(@anthropic-ai|@google|@ai-sdk|@langchain|@openai\/agents$|ai$|zod$)/

const examples: Plugin = {
  name: "packages-of-examples",
  enforce: "pre",
  resolveId(source, importer) {
    return packages.test(source) && importer?.includes("/examples/") === true
      ? this.resolve(source, `${import.meta.dirname}/vitest.config.ts`, { skipSelf: true })
      : undefined
  }
}

// Without "module": the packages of AWS have a form under it that Node cannot load.
const conditions = ["effect-llmobs-source", "node", "development|production"]

export default defineConfig({
  root: import.meta.dirname,
  plugins: [examples],
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
