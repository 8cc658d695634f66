/**
 * A field of objects that only its owner sees. Copies of an object do not have it.
 *
 * **Details**
 *
 * A `Map` or a `WeakMap` that gains and loses an entry for each event leaves a chain of old tables behind. As soon as one
 * of them is in V8's old generation, everything in the chain survives each collection of young objects, so that the
 * young generation grows to several times its size. A field has no table.
 */

/** Reads and writes the field. It is `undefined` where it was never written. */
export interface HiddenField<O extends object, A> {
  readonly get: (object: O) => A | undefined
  readonly set: (object: O, value: A | undefined) => void
}

const Itself = class {
  constructor(object: object) {
    return object
  }
}

/** Makes a field that no object has yet. */
export const make = <O extends object, A>(): HiddenField<O, A> => {
  // A private field is added to any object that the constructor of the parent class returns.
  class Holder extends Itself {
    #value: A | undefined = undefined

    static get(object: object): A | undefined {
      return #value in object ? object.#value : undefined
    }

    static set(object: object, value: A | undefined): void {
      const holder = #value in object ? object : new Holder(object)
      holder.#value = value
    }
  }
  return Holder
}
