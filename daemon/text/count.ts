/** A number and its noun: "1 pod", "2 pods". A plural that is not the singular with an s is given: `count(n, "is", "are")`. */
export function count(number: number, one: string, many = `${one}s`): string {
  return `${number} ${number === 1 ? one : many}`;
}
