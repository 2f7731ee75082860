/** The page of the subcommands, from the program. */
import type { Command, Option } from "commander";
import { examples } from "../../../daemon/cli/examples.ts";
import { exitCodes } from "../../../daemon/cli/program.ts";
import { subjects } from "../../../daemon/config/settings.ts";
import { shownProgram } from "./program.ts";

const intro = `# Commands

<!-- npm run docs writes this page from daemon/cli. -->

All subcommands but \`run\` are for people: they use the kubeconfig and the rights of the person who runs them. Called
\`kubectl-rebootd\`, the program is kubectl's plugin, and each \`rebootd …\` below is \`kubectl rebootd …\`.

On a terminal the output has colours and fits its width; \`NO_COLOR\` and \`FORCE_COLOR\` decide otherwise. \`-o json\` and
\`-o yaml\` are for programs: fields are added, and neither renamed nor removed without a word in the changelog.

`;

const completion = `## Completion

<!-- not run: each line is for a shell of its own; test/system/plugin.test.ts completes in each -->
\`\`\`sh
source <(rebootd completion bash)                                              # in ~/.bashrc
source <(rebootd completion zsh)                                               # in ~/.zshrc, behind compinit
rebootd completion fish > ~/.config/fish/completions/rebootd.fish
ln -s "$(command -v rebootd)" ~/.local/bin/kubectl_complete-rebootd            # for kubectl rebootd, kubectl 1.26 or later
\`\`\`

kubectl completes its plugins by an executable \`kubectl_complete-NAME\` on the \`PATH\`. The npm package has it; krew does
not install such files, so there the last line is needed. Names of nodes and namespaces come from the cluster that the
line names, and are left out if it does not answer within 2.5 seconds.
`;

/** Options of the daemon have a page of their own, and those of kubectl stand once on this one. */
const heading = "Options of kubectl:";

/** The text of docs/reference/commands.md. */
export function commandsPage(): string {
  const program = shownProgram();
  const codes = exitCodes.map(([code, meaning]) => `| ${code} | ${cell(meaning)} |\n`).join("");
  return [
    intro,
    `## Exit codes\n\n| code | meaning |\n|---|---|\n${codes}\n`,
    `## Options of kubectl\n\nThey stand before the subcommand or behind it.\n\n${optionTable(ofKubectl(program))}\n`,
    ...program.commands.map(section),
    completion,
  ].join("");
}

function section(command: Command): string {
  const shown = (examples[command.name()] ?? []).map(({ purpose, line }) => `# ${purpose}\n${line}\n`);
  const own = command.options.filter(
    ({ hidden, helpGroupHeading = "" }) =>
      !hidden &&
      helpGroupHeading !== heading &&
      !(command.name() === "config" && ofDaemon.has(helpGroupHeading)),
  );
  const options =
    command.name() === "run" ? "Its options are on [a page of their own](options.md).\n" : optionTable(own);
  return `## rebootd ${command.name()}

${command.description()}.

\`\`\`
rebootd ${command.name()} ${command.usage()}
\`\`\`

${options}${options && "\n"}\`\`\`sh
${shown.join("\n")}\`\`\`

`;
}

/** A page of their own lists these. */
const ofDaemon = new Set(Object.keys(subjects).map((subject) => `${subject}:`));

const ofKubectl = ({ options }: Command) =>
  options.filter(({ helpGroupHeading }) => helpGroupHeading === heading);

function optionTable(options: readonly Option[]): string {
  const rows = options.map(({ flags, description, argChoices, defaultValue }) => {
    const choices = argChoices ? `: ${argChoices.map((one) => `\`${one}\``).join(", ")}` : "";
    const otherwise = defaultValue === undefined ? "" : ` (default: ${defaultValue})`;
    return `| \`${cell(flags)}\` | ${cell(`${description}${choices}${otherwise}`)} |\n`;
  });
  return rows.length === 0 ? "" : `| option | meaning |\n|---|---|\n${rows.join("")}`;
}

const cell = (text: string) => text.replaceAll("|", "\\|");
