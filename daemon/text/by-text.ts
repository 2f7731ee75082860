/** The order of two texts by their code units: thousands are compared, and localeCompare takes twenty times as long. */
export function byText(a: string, b: string): number {
  return Number(a > b) - Number(a < b);
}
