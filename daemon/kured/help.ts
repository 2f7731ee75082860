import { variableOf } from "./flag.ts";
import { flagNames, rows } from "./flags.ts";

const intro = `Usage: kured [--FLAG=VALUE ...]

rebootd in kured's place: kured's flags, with kured's meanings. Each flag has a variable, such as
${variableOf("reboot-days")}; the variable goes before the command line. Where rebootd does otherwise, the text says why.
The daemon with all options is 'rebootd run'.
`;

const indent = "      ";
const width = 100;

/** The text of `kured --help`: every flag with its kind, default, meaning and difference. */
export function kuredHelp(): string {
  const texts = flagNames.map((name) => {
    const { kind, default: unset, means, differs } = rows[name];
    const shown = unset === "" ? "" : ` (default ${unset})`;
    const more = differs === undefined ? [] : wrapped(`rebootd: ${differs}`);
    return [`  --${name} ${kind}${shown}`, ...wrapped(means), ...more].join("\n");
  });
  return `${[intro, ...texts].join("\n")}\n`;
}

function wrapped(text: string): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && indent.length + line.length + word.length >= width) {
      lines.push(indent + line);
      line = "";
    }
    line += line === "" ? word : ` ${word}`;
  }
  return [...lines, indent + line];
}
