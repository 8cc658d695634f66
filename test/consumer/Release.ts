/**
 * Rehearses a release: what `npm run version-packages` makes of the notes that wait and of one more.
 */
import * as Assert from "node:assert/strict"
import * as Fs from "node:fs"
import * as Path from "node:path"

const note = "A rehearsal that nobody will read."

/** The version after the note of the rehearsal, or after a larger one that waits. */
const released = (version: string): RegExp => {
  const [major = "", minor = ""] = version.split(".")
  return new RegExp(`^(?:${major}\\.${Number(minor) + 1}\\.0|${Number(major) + 1}\\.0\\.0)$`)
}

/**
 * Releases a copy of the project in an empty folder, checks the change log, and gives the version. `run` runs a command
 * in that folder, `changeset` is the file of the tool.
 */
export const rehearse = (
  root: string,
  folder: string,
  changeset: string,
  run: (command: string, ...args: ReadonlyArray<string>) => void
): string => {
  for (const path of ["package.json", "CHANGELOG.md", ".changeset"]) {
    Fs.cpSync(Path.join(root, path), Path.join(folder, path), { recursive: true })
  }
  // The change log's lines are made by a module that is looked for below the project.
  Fs.symlinkSync(Path.join(root, "node_modules"), Path.join(folder, "node_modules"), "junction")
  Fs.writeFileSync(Path.join(folder, ".gitignore"), "node_modules\n")
  Fs.writeFileSync(Path.join(folder, ".changeset", "rehearsal.md"), `---\n"effect-llmobs": minor\n---\n\n${note}\n`)
  run("git", "init", "--quiet", "--initial-branch=main")
  run("git", "add", "--all")
  const author = ["-c", "user.name=rehearsal", "-c", "user.email=", "-c", "commit.gpgSign=false"]
  run("git", ...author, "commit", "--quiet", "--message=rehearsal")

  const versionOf = () => JSON.parse(Fs.readFileSync(Path.join(folder, "package.json"), "utf8")).version as string
  const before = versionOf()
  const logged = Fs.readFileSync(Path.join(folder, "CHANGELOG.md"), "utf8")
  run(process.execPath, changeset, "version")

  const version = versionOf()
  Assert.match(version, released(before))
  const [title, ...rest] = logged.split("\n## ")
  const log = Fs.readFileSync(Path.join(folder, "CHANGELOG.md"), "utf8")
  const [newTitle, newest = "", ...older] = log.split("\n## ")
  Assert.equal(newTitle, title, "the title of the change log stays")
  Assert.deepEqual(older, rest, "the sections of earlier versions stay")
  Assert.match(newest, new RegExp(`^${version.replaceAll(".", "\\.")}\\n`))
  Assert.match(newest, new RegExp(`\\n### Minor Changes\\n[^#]*- [0-9a-f]{7,}: ${note}\\n`))
  const notes = Fs.readdirSync(Path.join(folder, ".changeset"))
  Assert.deepEqual(notes.filter((name) => name.endsWith(".md") && name !== "README.md"), [], "no note is left over")
  return version
}
