/** The parts of a destination's URL. Each function throws an Error whose message is a rule. */

/** A part of a URL without its percent-encoding. */
export function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw new Error("must have each % written as %25");
  }
}

/** The parts of the path that are not empty. */
export function pathParts({ pathname }: URL): string[] {
  return pathname
    .split("/")
    .filter((part) => part !== "")
    .map(decoded);
}

/**
 * The parameters of the URL by name; names are in lower case, as any case is allowed. Those that `names` does
 * not list are refused, also one that is there twice.
 */
export function parameters<N extends string>(url: URL, names: readonly N[]): Partial<Record<N, string>> {
  // The text after # is no part of the parameters, so the last one would be cut there.
  if (url.hash !== "") throw new Error("must have each # written as %23");
  const pairs = [...url.searchParams].map(([name, value]) => [name.toLowerCase(), value] as const);
  const isKnown = (name: string): boolean => (names as readonly string[]).includes(name);
  const unknown = pairs.find(([name]) => !isKnown(name));
  if (unknown !== undefined) {
    const allowed = names.length === 0 ? "no parameters" : `only the parameters ${names.join(", ")}`;
    throw new Error(
      `must have ${allowed} and rebootd.on, but has ${JSON.stringify(unknown[0].slice(0, 40))}`,
    );
  }
  if (new Set(pairs.map(([name]) => name)).size < pairs.length) {
    throw new Error("must have each parameter once");
  }
  return Object.fromEntries(pairs) as Partial<Record<N, string>>;
}

/** The values of a parameter that is a list, such as "a,b". */
export function listOf(value: string | undefined): string[] {
  return (value ?? "")
    .split(",")
    .map((one) => one.trim())
    .filter((one) => one !== "");
}

/** The words for true and false in such URLs. */
export function flagOf(name: string, value: string | undefined, fallback: boolean): boolean {
  if (value === undefined) return fallback;
  const word = value.toLowerCase();
  if (["yes", "true", "1", "on"].includes(word)) return true;
  if (["no", "false", "0", "off"].includes(word)) return false;
  throw new Error(`must have ${name}=yes or ${name}=no`);
}

/** The web address of the server in such a URL, without user, password and parameters. */
export function serverAddress({ host }: URL, options: { isPlain?: boolean } = {}): string {
  if (host === "") throw new Error("must have a host after ://");
  const address = `${options.isPlain ? "http" : "https"}://${host}`;
  if (!URL.canParse(address)) throw new Error("must have a host that is a name or an address");
  return address;
}
