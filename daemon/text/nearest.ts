/** More edits make another word. */
const editsMax = 3;

/**
 * The word that a person may have meant: the one with the fewest edits, if these are fewer than half of its
 * letters. Case, hyphens and underscores do not count.
 */
export function nearest(given: string, words: readonly string[]): string | undefined {
  const plain = (word: string) => word.toLowerCase().replace(/[-_ ]/g, "");
  const asked = plain(given.slice(0, 100));
  let best: { word: string; edits: number } | undefined;
  for (const word of words) {
    const edits = editsBetween(asked, plain(word));
    const isNear = edits <= Math.min(editsMax, Math.floor(word.length / 2));
    if (isNear && (best === undefined || edits < best.edits)) best = { word, edits };
  }
  return best?.word;
}

/** Letters that are inserted, removed, replaced, or swapped with the next one. */
function editsBetween(one: string, other: string): number {
  let last: number[] = [];
  let row = Array.from({ length: other.length + 1 }, (_, at) => at);
  for (let i = 1; i <= one.length; i++) {
    const next = [i];
    for (let j = 1; j <= other.length; j++) {
      const cost = one[i - 1] === other[j - 1] ? 0 : 1;
      let edits = Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + cost);
      const isSwap = i > 1 && j > 1 && one[i - 1] === other[j - 2] && one[i - 2] === other[j - 1];
      if (isSwap) edits = Math.min(edits, (last[j - 2] ?? 0) + 1);
      next.push(edits);
    }
    [last, row] = [row, next];
  }
  return row[other.length] ?? 0;
}
