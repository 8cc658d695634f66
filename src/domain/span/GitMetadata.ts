/**
 * The repository and the commit that the process was built from.
 *
 * @since 0.1.0
 */
import type { DdTags } from "./DdTags.ts"

/**
 * The address of the repository, without credentials, and the hash of the commit.
 *
 * @category models
 * @since 0.1.0
 */
export interface GitMetadata {
  readonly repositoryUrl?: string
  readonly commitSha?: string
}

// The keys in `DD_TAGS` that name them. They are not span tags: the checked values are written once, under the same
// keys.
const keys = { repositoryUrl: "git.repository_url", commitSha: "git.commit.sha" } as const

/**
 * Reads `DD_GIT_REPOSITORY_URL` and `DD_GIT_COMMIT_SHA`, else the keys in `DD_TAGS`. The metadata is empty when
 * `DD_TRACE_GIT_METADATA_ENABLED` is off. `tags` are the other tags of `DD_TAGS`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const resolve = (input: {
  readonly enabled: boolean
  readonly repositoryUrl?: string | undefined
  readonly commitSha?: string | undefined
  readonly tags: DdTags
}): { readonly git: GitMetadata; readonly tags: DdTags } => {
  const rest: Array<readonly [string, string]> = []
  const fromTags = new Map<string, string>()
  for (const entry of Object.entries(input.tags)) {
    if (entry[0] === keys.repositoryUrl || entry[0] === keys.commitSha) fromTags.set(entry[0], entry[1])
    else rest.push(entry)
  }
  const tags = fromTags.size === 0 ? input.tags : Object.fromEntries(rest)
  if (!input.enabled) return { git: {}, tags }
  const repositoryUrl = withoutCredentials(input.repositoryUrl || fromTags.get(keys.repositoryUrl) || "")
  const commitSha = (input.commitSha || fromTags.get(keys.commitSha) || "").trim()
  return {
    git: {
      ...(repositoryUrl === "" ? undefined : { repositoryUrl }),
      ...(commitSha === "" ? undefined : { commitSha })
    },
    tags
  }
}

/**
 * A repository address without user, password, query and fragment. The user in `git@host:path` is no secret and stays.
 *
 * **Gotchas**
 *
 * A password may hold an unescaped `/`, so an address with a port and an `@` in its path is ambiguous. It is then cut
 * more rather than less.
 *
 * @category combinators
 * @since 0.1.0
 */
export const withoutCredentials = (url: string): string => {
  const text = url.trim().split(/[?#]/, 1)[0]!
  const schemeEnd = text.indexOf("://")
  if (schemeEnd < 0) {
    const at = text.lastIndexOf("@")
    const colon = text.indexOf(":")
    return at >= 0 && colon >= 0 && colon < at ? text.slice(at + 1) : text
  }
  const scheme = text.slice(0, schemeEnd + 3)
  const rest = text.slice(schemeEnd + 3)
  const slash = rest.indexOf("/")
  const authority = slash < 0 ? rest : rest.slice(0, slash)
  const at = authority.lastIndexOf("@")
  if (at >= 0) return scheme + rest.slice(at + 1)
  // The colon may end a user name, and the slash be part of the password.
  return scheme + (authority.includes(":") ? rest.slice(rest.lastIndexOf("@") + 1) : rest)
}
