/** The generated part of the page about kured: each of its flags, and its defects. */
import { readFileSync } from "node:fs";
import { defects } from "../../../daemon/kured/defects.ts";
import { variableOf } from "../../../daemon/kured/flag.ts";
import { type FlagName, flagNames, rows } from "../../../daemon/kured/flags.ts";

const begin = "<!-- From here to the mark at the end, npm run docs writes this page from daemon/kured. -->\n";
const end = "<!-- The end of what npm run docs writes. -->\n";

const intro = `
## What becomes of each flag?

These are kured's 43 flags, as the image takes them where it is started as \`/usr/bin/kured\`. Each has a variable, such as
\`${variableOf("reboot-days")}\`. The variable goes before the command line, as in kured. \`kured --help\` prints this list too.

| flag | kured | rebootd |
|---|---|---|
`;

const defectsIntro = `
## What does kured get wrong, and rebootd not?

These do not depend on a flag. rebootd has the safe behaviour also where it is started as kured.

| kured | rebootd |
|---|---|
`;

/** The text of docs/migrate-from-kured.md, with its generated part as the tables have it now. */
export function kuredPage(): string {
  const page = readFileSync(new URL("../../../docs/migrate-from-kured.md", import.meta.url), "utf8");
  const [before = "", after = ""] = [page.split(begin)[0], page.split(end)[1]];
  const flags = flagNames.map(
    (name) => `| ${flagCell(name)} | ${cell(rows[name].means)} | ${rebootd(name)} |\n`,
  );
  const wrong = defects.map(({ kured, rebootd }) => `| ${cell(kured)} | ${cell(rebootd)} |\n`);
  const made = [intro, ...flags, defectsIntro, ...wrong, "\n"].join("");
  return `${before}${begin}${made}${end}${after}`;
}

function flagCell(name: FlagName): string {
  const { default: unset } = rows[name];
  return `\`--${name}\`${unset === "" ? "" : `, by default \`${unset}\``}`;
}

function rebootd(name: FlagName): string {
  const { options, differs } = rows[name];
  const others = options.filter((option) => option !== name).map((option) => `\`--${option}\``);
  const becomes =
    options.length === 0 ? "No option." : others.length === 0 ? "" : `Becomes ${others.join(", ")}.`;
  const text = [becomes, cell(differs ?? "")].filter((part) => part !== "").join(" ");
  return text === "" ? "The same." : text;
}

const cell = (text: string) => text.replaceAll("|", "\\|");
