/**
 * Closes a test run with a line of its own, `N passed, N failed, N skipped`, below everything else that is printed. It
 * names the tests that failed there, because a log may be cut at its beginning, and says of each skipped test why it was
 * skipped.
 *
 * A test gives its reason by `ctx.skip("Redis is not installed")`, or by its name.
 */
import type { Reporter, SerializedError, TestCase, TestModule, Vitest } from "vitest/node"

interface Counts {
  passed: number
  failed: number
  skipped: number
}

const line = (counts: Counts): string => `${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`

const reasonOf = (test: TestCase): string => {
  const result = test.result()
  return result.state === "skipped" && result.note !== undefined ? `: ${result.note}` : ""
}

const first = (errors: ReadonlyArray<{ readonly message: string }> | undefined): string =>
  errors?.[0]?.message.split("\n", 1)[0] ?? "no error"

export default class ClosingLineReporter implements Reporter {
  // Until a run has ended, a process that ends has failed.
  #counts: Counts = { passed: 0, failed: 1, skipped: 0 }
  #lines: Array<string> = []
  #watching = false

  onInit(vitest: Vitest): void {
    this.#watching = vitest.config.watch
    if (!this.#watching) process.once("exit", () => this.#print())
  }

  onTestRunEnd(modules: ReadonlyArray<TestModule>, unhandled: ReadonlyArray<SerializedError>): void {
    const counts: Counts = { passed: 0, failed: unhandled.length, skipped: 0 }
    const skipped: Array<string> = []
    const failed = unhandled.map((error) => `failed: ${first([error])}`)
    for (const module of modules) {
      // A file that could not be loaded, and a failed hook around a suite, have no failed test to count.
      for (const broken of [module, ...module.children.allSuites()]) {
        counts.failed += broken.errors().length
        if (broken.errors().length > 0) failed.push(`failed ${module.relativeModuleId}: ${first(broken.errors())}`)
      }
      for (const test of module.children.allTests()) {
        const state = test.result().state
        if (state === "passed") counts.passed++
        else if (state === "failed") {
          counts.failed++
          failed.push(`failed ${module.relativeModuleId} > ${test.fullName}: ${first(test.result().errors)}`)
        } else {
          counts.skipped++
          skipped.push(`skipped ${module.relativeModuleId} > ${test.fullName}${reasonOf(test)}`)
        }
      }
    }
    this.#counts = counts
    this.#lines = [...skipped, ...failed]
    if (this.#watching) this.#print()
  }

  #print(): void {
    process.stdout.write([...this.#lines, line(this.#counts), ""].join("\n"))
  }
}
