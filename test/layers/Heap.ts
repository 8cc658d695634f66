/** The memory that lives after a collection. */
import * as V8 from "node:v8"
import * as Vm from "node:vm"

V8.setFlagsFromString("--expose-gc")

/** Collects what nothing reaches any more. */
export const collect: () => void = Vm.runInNewContext("gc")

/** The bytes of live objects on the heap. */
export const used = (): number => {
  // What the first finds dead can keep others alive until the second.
  collect()
  collect()
  return process.memoryUsage().heapUsed
}
