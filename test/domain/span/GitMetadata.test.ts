import { assert, describe, it } from "@effect/vitest"
import * as GitMetadata from "../../../src/domain/span/GitMetadata.ts"

const tags = { team: "core", "git.repository_url": "https://host/from-tags", "git.commit.sha": "abc" }

describe("GitMetadata", () => {
  it("prefers its own settings to DD_TAGS, each by itself, and removes the keys from the tags", () => {
    assert.deepStrictEqual(GitMetadata.resolve({ enabled: true, repositoryUrl: "https://host/own", tags }), {
      git: { repositoryUrl: "https://host/own", commitSha: "abc" },
      tags: { team: "core" }
    })
    assert.deepStrictEqual(GitMetadata.resolve({ enabled: true, commitSha: "def", tags }).git, {
      repositoryUrl: "https://host/from-tags",
      commitSha: "def"
    })
  })

  it("is empty when switched off or unknown, and still removes the keys from the tags", () => {
    assert.deepStrictEqual(GitMetadata.resolve({ enabled: false, commitSha: "def", tags }), {
      git: {},
      tags: { team: "core" }
    })
    assert.deepStrictEqual(GitMetadata.resolve({ enabled: true, tags: { a: "b" } }), { git: {}, tags: { a: "b" } })
    assert.deepStrictEqual(GitMetadata.resolve({ enabled: true, repositoryUrl: " ", commitSha: "", tags: {} }).git, {})
  })

  const urls: ReadonlyArray<readonly [string, string]> = [
    ["https://github.com/org/repo.git", "https://github.com/org/repo.git"],
    ["https://user:secret@github.com/org/repo", "https://github.com/org/repo"],
    ["https://secret@github.com/org/repo", "https://github.com/org/repo"],
    ["https://user:sec@ret@github.com/org/repo", "https://github.com/org/repo"],
    ["https://user:sec/ret@github.com/org/repo", "https://github.com/org/repo"],
    ["https://user:12/secret@github.com/org/repo", "https://github.com/org/repo"],
    ["https://host:8443/org/repo", "https://host:8443/org/repo"],
    ["https://host/org/repo?token=secret", "https://host/org/repo"],
    ["https://host/org/repo#secret", "https://host/org/repo"],
    ["ssh://git:secret@host:22/org/repo", "ssh://host:22/org/repo"],
    ["git@github.com:org/repo.git", "git@github.com:org/repo.git"],
    ["user:secret@host:org/repo", "host:org/repo"],
    ["https://host/org/@scope", "https://host/org/@scope"]
  ]
  for (const [url, shown] of urls) {
    it(`removes credentials from a repository's address: ${url}`, () => {
      assert.strictEqual(GitMetadata.withoutCredentials(url), shown)
    })
  }

  it("cleans repository addresses from either source", () => {
    const dirty = "https://u:secret@host/r"
    const own = GitMetadata.resolve({ enabled: true, repositoryUrl: dirty, tags: {} })
    const tagged = GitMetadata.resolve({ enabled: true, tags: { "git.repository_url": dirty } })
    assert.strictEqual(own.git.repositoryUrl, "https://host/r")
    assert.deepStrictEqual(own.git, tagged.git)
  })
})
