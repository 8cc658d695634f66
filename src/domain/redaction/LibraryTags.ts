/**
 * The tags that redaction leaves alone.
 *
 * @since 0.1.0
 */

/**
 * The tags that the library writes. They are no content: they name the service of a span.
 *
 * @category constants
 * @since 0.1.0
 */
export const libraryTags: ReadonlyArray<string> = [
  "version",
  "env",
  "service",
  "source",
  "ddtrace.version",
  "language",
  "git.repository_url",
  "git.commit.sha",
  "experiment_id",
  "run_id",
  "run_iteration",
  "dataset_id",
  "project_id"
]
