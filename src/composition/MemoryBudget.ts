/**
 * The memory that the events of a layer may take.
 */
import * as Tags from "../domain/span/Tags.ts"
import * as AccountShares from "../engine/outbox/AccountShares.ts"
import * as ByteBudget from "../engine/outbox/ByteBudget.ts"
import * as ContentPages from "../engine/outbox/ContentPages.ts"
import type { Settings } from "./Settings.ts"
import { libraryVersion } from "./Version.ts"

/** The tags of the process. */
export const processTags = ({ ddTags, env, git, version }: Settings): Tags.ProcessTags => ({
  env,
  version,
  ddTags,
  git,
  libraryVersion
})

/**
 * Makes budgets of a number of bytes, with a share for each account. `onLarge` is called when large content waits to be
 * packed.
 */
export const make = (
  settings: Settings,
  service: string,
  onLarge: () => void
): (limit: number) => ByteBudget.ByteBudget => {
  const measure = ContentPages.measuring(Tags.ofProcess(processTags(settings), service, settings.mlApp ?? service))
  const { maxEventBytes } = settings
  return (limit) =>
    ContentPages.around(AccountShares.make(ByteBudget.make({ limit, measure })), { maxEventBytes, onLarge })
}
