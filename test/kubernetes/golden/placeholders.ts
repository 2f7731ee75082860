/**
 * Values that differ from run to run stand in the cases as placeholders, `<uid:1>`. The first answer that meets a
 * numbered one binds it; from then on it means that value. Versions must also come in the order of their numbers.
 */
const uuid = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}";
const second = "\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}";

/** The text that may stand in place of each kind. */
const forms: Record<string, string> = {
  id: "[a-z0-9]+",
  ns: "[a-z0-9-]+",
  uid: uuid,
  rv: "[1-9][0-9]*",
  at: "[1-9][0-9]*",
  time: `${second}Z`,
  microtime: `${second}\\.\\d{6}Z`,
  age: "(?:\\d+[smhd])+",
  suffix: "[a-z0-9]{5}",
  token: "[\\w-]+\\.[\\w-]+\\.[\\w-]+",
  continue: "[\\w=+/-]+",
  string: "[\\s\\S]*",
  number: "-?\\d+(?:\\.\\d+)?",
  fill: "x*",
};
const placeholder = new RegExp(`<(${Object.keys(forms).join("|")})(?::(\\w+))?>`, "g");
const literal = (text: string) => text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");

export class Bindings {
  readonly #values = new Map<string, string>();

  bind(whole: string, value: string): void {
    this.#values.set(whole, value);
  }

  get(whole: string): string | undefined {
    return this.#values.get(whole);
  }

  /** The value with all placeholders replaced, in texts and in keys. */
  fill(value: unknown): unknown {
    if (typeof value === "string") return this.fillText(value);
    if (Array.isArray(value)) return value.map((item) => this.fill(item));
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [this.fillText(key), this.fill(item)]),
    );
  }

  fillText(text: string): string {
    return text.replace(placeholder, (whole, kind: string, name: string | undefined) => {
      if (kind === "fill") return "x".repeat(Number(name));
      const value = this.#values.get(whole);
      if (value === undefined) throw new Error(`${whole} is used before an answer has bound it`);
      return value;
    });
  }

  /** Compares a text with one that may hold placeholders, and binds the new ones. Says what is wrong. */
  match(expected: string, actual: string): string | undefined {
    const found: string[] = [];
    const pattern = expected.split(/(<[a-z]+(?::\w+)?>)/).map((part, i) => {
      const [, kind, name] = i % 2 ? (/^<([a-z]+)(?::(\w+))?>$/.exec(part) ?? []) : [];
      const form = forms[kind ?? ""];
      if (form === undefined) return literal(part);
      const value = this.#values.get(part);
      if (value !== undefined) return literal(value);
      if (name === undefined && kind !== "id" && kind !== "ns") return `(?:${form})`;
      const known = found.indexOf(part);
      if (known >= 0) return `\\${known + 1}`;
      found.push(part);
      return `(${form})`;
    });
    const matched = new RegExp(`^${pattern.join("")}$`).exec(actual);
    if (!matched) return "differs";
    for (const [i, whole] of found.entries()) this.#values.set(whole, matched[i + 1] ?? "");
    return found.map((whole) => this.#misplaced(whole)).find((why) => why !== undefined);
  }

  /** `<rv:1>` is older than `<rv:2>`, and `<at:…>` is not older than any object seen before it. */
  #misplaced(whole: string): string | undefined {
    const [, kind, name] = /^<(rv|at):(\w+)>$/.exec(whole) ?? [];
    if (kind === undefined) return undefined;
    const version = Number(this.#values.get(whole));
    for (const [other, text] of this.#values) {
      const number = /^<rv:(\d+)>$/.exec(other)?.[1];
      if (number === undefined || other === whole) continue;
      if (kind === "at" && version < Number(text)) return `is older than ${other}`;
      if (kind === "rv" && Math.sign(Number(name) - Number(number)) !== Math.sign(version - Number(text))) {
        return `is out of order with ${other}`;
      }
    }
    return undefined;
  }
}
