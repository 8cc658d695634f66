import type { Plugin } from "vite"
import { defineConfig } from "vitest/config"
import ClosingLineReporter from "../../scripts/ClosingLineReporter.ts"

// Examples find the packages that are installed here, and in the folder of Mastra.
const packages = /^(@anthropic-ai|@google|@ai-sdk|@langchain|@mastra|@openai\/agents$|ai$|zod$)/

const examples: Plugin = {
  name: "packages-of-examples",
  enforce: "pre",
  resolveId(source, importer) {
    if (!packages.test(source) || importer?.includes("/examples/") !== true) return undefined
    const folder = importer.endsWith("/Mastra.ts") ? "../mastra/newest" : "."
    return this.resolve(source, `${import.meta.dirname}/${folder}/package.json`, { skipSelf: true })
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
    include: ["*.test.ts", "../mastra/*.test.ts"],
    pool: "forks",
    maxWorkers: 2,
    testTimeout: 120_000,
    silent: "passed-only",
    reporters: [["default", { summary: false }], new ClosingLineReporter()]
  }
})
