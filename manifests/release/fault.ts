/** Something that keeps a release from being made. */
export interface Fault {
  /** Names the thing, its value and what is expected. */
  fault: string;
  /** An instruction for the person who makes the release. */
  remedy: string;
}

/** A place and what stands there; undefined where nothing was found. */
export interface Place {
  place: string;
  found: string | undefined;
}

/** A fault for each place where something else stands than what is expected. */
export function faultsOfPlaces(what: string, expected: string, places: readonly Place[]): Fault[] {
  return places
    .filter(({ found }) => found !== expected)
    .map(({ place, found }) => ({
      fault: `${place} has the ${what} ${found ?? "(none)"}, expected ${expected}`,
      remedy: `set it to ${expected}`,
    }));
}
