/**
 * Installs the packed library into a program, and runs that program on each runtime and through each bundler against an
 * embedded Agent. Prints a line for each trial.
 */
import * as Place from "./Place.ts"
import * as Report from "./Report.ts"
import { rows, stepOf } from "./Rows.ts"

const wanted = process.argv.slice(2)
const place = Place.laidOut()
try {
  await Report.print(
    rows.filter(({ name }) => wanted.every((word) => name.includes(word))).map((row) => stepOf(row, place))
  )
} finally {
  place.remove()
}
