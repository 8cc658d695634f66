/**
 * State that a process has once, however many copies of this package it has loaded: bundlers make copies, as Next does for
 * routes and `instrumentation.ts`, and two releases can be installed side by side.
 */

/**
 * The value under a name, made by the first copy that asks. A name ends with the number of the value's form: copies that
 * do not understand each other's values do not share them.
 */
export const get = <A>(name: `${string}/${number}`, make: () => A): A => {
  const place = globalThis as { [key: symbol]: A | undefined }
  return place[Symbol.for(`effect-llmobs/${name}`)] ??= make()
}
