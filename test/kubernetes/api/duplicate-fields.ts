/** Finds fields that a JSON text has twice; JSON.parse keeps the last and says nothing. */

/** Paths such as `spec.holderIdentity`. `parsed` is what JSON.parse has made of `json`. */
export function findDuplicateFields(json: string, parsed: unknown): string[] {
  // What a JavaScript client has written is the same once more, and has none.
  if (JSON.stringify(parsed) === json) return [];
  const found: string[] = [];
  const tokens = json.match(/"(?:[^"\\]|\\.)*"|[{}[\]:,]|[^\s"{}[\]:,]+/g) ?? [];
  let position = 0;
  readValue("");
  return found;

  function readValue(path: string): void {
    const token = tokens[position++];
    if (token === "{") readObject(path);
    else if (token === "[") readList(path);
  }

  function readObject(path: string): void {
    const seen = new Set<string>();
    while (tokens[position] !== "}") {
      const key = JSON.parse(tokens[position] ?? "") as string;
      const inside = path ? `${path}.${key}` : key;
      if (seen.has(key)) found.push(inside);
      seen.add(key);
      position += 2;
      readValue(inside);
      if (tokens[position] === ",") position++;
    }
    position++;
  }

  function readList(path: string): void {
    for (let i = 0; tokens[position] !== "]"; i++) {
      readValue(`${path}[${i}]`);
      if (tokens[position] === ",") position++;
    }
    position++;
  }
}
