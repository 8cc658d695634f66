/** A text of all own keys in one order, to compare by: in it a key named `__proto__` is a key like any other. */
export const canonical = (value: unknown): string =>
  JSON.stringify(value, (_, item: unknown) =>
    typeof item === "bigint"
      ? `${item}n`
      : typeof item === "object" && item !== null && !Array.isArray(item)
      ? Object.entries(item).sort(([a], [b]) => a < b ? -1 : 1)
      : item)
