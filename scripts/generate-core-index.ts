/**
 * Writes `src/domain/index.ts`.
 */
import { writeFileSync } from "node:fs"
import * as CoreIndex from "./CoreIndex.ts"

writeFileSync(CoreIndex.file, CoreIndex.render())
