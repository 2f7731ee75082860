/** A number and its noun: "1 pod", "2 pods". Irregular plurals are given: `count(n, "entry", "entries")`. */
export function count(number: number, one: string, many = `${one}s`): string {
  return `${number} ${number === 1 ? one : many}`;
}
