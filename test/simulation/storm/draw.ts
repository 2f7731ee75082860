/** What a draw can ask for. */
export interface Draw {
  integer(least: number, most: number): number;
  oneOf<T>(...things: readonly T[]): T;
  node(): string;
  /** Of the control plane; any where there is none. */
  member(): string;
  chance(probability: number): boolean;
}

/** What is drawn from numbers between 0 and 1. */
export function createDraw(
  random: () => number,
  { names, limits }: { names: readonly string[]; limits: { controlPlane?: number | undefined } },
): Draw {
  const integer = (least: number, most: number) => least + Math.floor(random() * (most - least + 1));
  const oneOf = <T>(...things: readonly T[]) => things[integer(0, things.length - 1)] as T;
  return {
    integer,
    oneOf,
    node: () => oneOf(...names),
    member: () => oneOf(...names.slice(0, limits.controlPlane ?? names.length)),
    chance: (probability) => random() < probability,
  };
}
