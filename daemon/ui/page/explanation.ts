/** The text of `rebootd explain`, as paragraphs. Pure. */
/** A line that is indented belongs to the line before. */
export function nested(lines: readonly string[]): { text: string; under: string[] }[] {
  const all: { text: string; under: string[] }[] = [];
  for (const line of lines) {
    const last = all.at(-1);
    if (line.startsWith("  ") && last !== undefined) last.under.push(line.trim());
    else all.push({ text: line.trim(), under: [] });
  }
  return all;
}

export interface Step {
  command: string;
  purpose: string;
}

/** The commands under "next:", each with its purpose after a #. */
export function stepsIn(lines: readonly string[]): Step[] {
  return lines.map((line) => {
    const [command = "", purpose = ""] = line.split(/ # (.*)/s);
    return { command, purpose };
  });
}
