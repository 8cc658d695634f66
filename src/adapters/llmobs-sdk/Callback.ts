/**
 * Tells callbacks from other functions among the values of a program: only a callback can be replaced by a function.
 */

/** A function of any program. */
export type AnyFunction = (this: never, ...args: Array<never>) => unknown

/** Whether a function is a class. One that cannot be read counts as a class, because both stay as they are. */
export const isClass = (value: AnyFunction): boolean => {
  try {
    return Object.getOwnPropertyDescriptor(value, "prototype")?.writable === false
  } catch {
    return true
  }
}

/** Whether a value is a function to call and nothing more: no class, and without members of its own. */
export const is = (value: unknown): value is AnyFunction => {
  if (typeof value !== "function" || isClass(value as AnyFunction)) return false
  try {
    if (!Reflect.ownKeys(value).every((key) => usual.has(key))) return false
    const prototype: unknown = value.prototype
    return typeof prototype !== "object" || prototype === null || Reflect.ownKeys(prototype).length < 2
  } catch {
    return false
  }
}

const usual: ReadonlySet<string | symbol> = new Set(["length", "name", "prototype", "arguments", "caller"])
