/** The first of the names, and that there are more. */
export function listed(names: readonly string[], max: number): string {
  return names.slice(0, max).join(", ") + (names.length > max ? ", …" : "");
}
