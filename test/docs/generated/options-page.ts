/** The page of the daemon's options, from their table. */
import type { Option } from "../../../daemon/config/option.ts";
import { configFileOptions } from "../../../daemon/config/options/config-file.ts";
import { subjects as subjectsOfSettings } from "../../../daemon/config/settings.ts";

/** In the order of the help. */
const subjects = { ...subjectsOfSettings, "Configuration file": configFileOptions } as const;

const intro = `# Options

<!-- npm run docs writes this page from daemon/config/options. -->

These are the options of \`rebootd run\`, the daemon. \`rebootd run --help\` lists them too. An option that kured has too has
the same name and takes the same values.

- Each option may be set by an environment variable instead, such as \`REBOOTD_NODE_ID\` for \`--node-id\`, or in the
  [configuration file](../guide/configuration.md) that \`--config\` or \`REBOOTD_CONFIG\` names, there as \`nodeId\`.
- The command line goes before the environment, the environment before the file, and the file before the default.
- An option without a value (\`--alert-filter-regexp=\`) counts as not set; templates write that for values that are not
  set. But an option that may be repeated, or is true or false, is invalid without a value.
- The first line of the log names in \`ignored\` what has no effect, and is then a warning; \`--once\` prints it too.
  These are a variable \`REBOOTD_…\` of no option, any \`KURED_…\`, and options without a value. Variables that Kubernetes
  sets for a Service called rebootd or rebootd-metrics are not listed.

An invalid value, and options that contradict each other, end the process at its start with exit code 2 and one line
that names the option, the value and a rule with an example, before a file is read or a command is run.
`;

/** The pages that tell how to use the options of a subject. */
const guides: Readonly<Record<keyof typeof subjects, readonly [title: string, path: string][]>> = {
  Node: [["How rebootd reaches the API server", "../guide/api-server.md"]],
  Need: [["When a reboot is needed", "../guide/need.md"]],
  Reboot: [
    ["How the node is rebooted", "../guide/reboot.md"],
    ["When nodes fail", "../guide/failures.md"],
  ],
  Drain: [
    ["The drain", "../guide/drain.md"],
    ["The preflight", "../guide/preflight.md"],
    ["Budgets that an operator holds", "../guide/operators.md"],
  ],
  "Nodes that others take away": [["Nodes that others take away", "../guide/nodes-taken-away.md"]],
  "Labels and taint": [["Labels and taints during a reboot", "../guide/labels.md"]],
  Hooks: [["Hooks", "../guide/hooks.md"]],
  Return: [["The return", "../guide/return.md"]],
  Lock: [
    ["Whose turn it is", "../guide/concurrency.md"],
    ["When nodes fail", "../guide/failures.md"],
    ["Change the lock by hand", "../guide/lock.md"],
  ],
  Window: [["When a node may reboot", "../guide/windows.md"]],
  Approval: [["Approve reboots", "../guide/approval.md"]],
  Alerts: [
    ["Alerts", "../guide/alerts.md"],
    ["Silences", "../guide/silences.md"],
  ],
  "Blocking pods": [["What may hold a reboot back", "../guide/gates.md"]],
  Health: [["The health of other objects", "../guide/health.md"]],
  logind: [["What may hold a reboot back", "../guide/gates.md"]],
  Report: [
    ["Monitoring", "../guide/monitoring.md"],
    ["Log", "log.md"],
  ],
  Messages: [["Notifications", "../guide/notifications.md"]],
  "Configuration file": [["A configuration file", "../guide/configuration.md"]],
};

/** The text of docs/reference/options.md. */
export function optionsPage(): string {
  const sections = Object.entries(subjects).map(([subject, table]) => {
    const links = guides[subject as keyof typeof subjects].map(([title, path]) => `[${title}](${path})`);
    const rows = Object.entries<Option<unknown>>(table).map(([name, option]) => rowText(name, option));
    return `\n## ${subject}\n\nSee ${links.join(", ")}.\n\n| option | value | default | meaning |\n|---|---|---|---|\n${rows.join("")}`;
  });
  const links = Object.keys(subjects).map((subject) => `[${subject}](#${anchorOf(subject)})`);
  return `${intro}\nBy subject: ${links.join(" · ")}\n${sections.join("")}`;
}

const anchorOf = (heading: string) => heading.toLowerCase().replaceAll(" ", "-");

function rowText(name: string, { placeholder, required, default: usual, help }: Option<unknown>): string {
  const otherwise = required ? "required" : usual ? `\`${cell(usual)}\`` : "";
  return `| \`--${name}\` | \`${cell(placeholder)}\` | ${otherwise} | ${cell(help)} |\n`;
}

const cell = (text: string) => text.replaceAll("|", "\\|");
