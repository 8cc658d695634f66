/**
 * How many steps a program takes on texts: a measure that does not depend on the machine.
 *
 * Reading a unit of a text costs one step, and so does each call of a method of texts and of patterns; one that makes a
 * text costs a step for each 64 units of that text. A program that takes more than `atMost` steps is stopped with an
 * error, so that a test of bounded work fails instead of hanging.
 */

const stringMethods = [
  "charCodeAt",
  "codePointAt",
  "indexOf",
  "includes",
  "startsWith",
  "endsWith",
  "slice",
  "trim"
] as const
const listMethods = ["push", "slice", "some"] as const

export const count = (program: () => void, atMost = Infinity): number => {
  let steps = 0
  const check = () => {
    if (steps > atMost) throw new Error(`The program takes more than ${atMost} steps.`)
  }
  const restore: Array<() => void> = []
  const watch = (prototype: object, name: string, cost: (result: unknown, argument: unknown) => number) => {
    const method = Reflect.get(prototype, name) as (...args: Array<unknown>) => unknown
    const watched = function(this: unknown, ...args: Array<unknown>): unknown {
      const result = method.apply(this, args)
      steps += cost(result, args[0])
      check()
      return result
    }
    Object.defineProperty(prototype, name, { value: watched, configurable: true, writable: true })
    restore.push(() => {
      Object.defineProperty(prototype, name, { value: method, configurable: true, writable: true })
    })
  }
  const made = (result: unknown) => 1 + (typeof result === "string" || Array.isArray(result) ? result.length / 64 : 0)
  for (const name of stringMethods) watch(String.prototype, name, made)
  for (const name of listMethods) watch(Array.prototype, name, made)
  watch(RegExp.prototype, "exec", () => 1)
  watch(JSON, "parse", (_, text) => 1 + String(text).length / 64)
  try {
    program()
  } finally {
    for (const undo of restore) undo()
  }
  // The program may have caught the error.
  check()
  return Math.ceil(steps)
}
