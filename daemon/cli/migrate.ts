import { Command, Option } from "commander";
import { invalidValue, printable } from "../text/config-error.ts";
import { apiOf, type PersonIo } from "./access.ts";
import { CommandRefused } from "./admin.ts";
import { withCluster } from "./cluster-options.ts";
import type { DaemonSetName } from "./migrate/read.ts";
import { dump, outputOption } from "./output.ts";

type Form = "text" | "json" | "yaml";

interface Given {
  filename?: string;
  daemonset?: DaemonSetName;
  output: Form;
}

/**
 * `rebootd migrate`: what takes kured's place, from its DaemonSet in the cluster, its manifest, or the values of its chart.
 * Changes nothing.
 */
export function migrateCommand(io: PersonIo, signal: AbortSignal): Command {
  const command = withCluster(
    new Command("migrate")
      .description(
        "Show how rebootd takes kured's place: options, manifests, differences and steps; changes nothing",
      )
      .option(
        "-f, --filename <FILE>",
        "Manifest of kured, or values of its chart; - is the standard input; by default kured in the cluster",
      )
      .addOption(
        new Option(
          "--daemonset <NAMESPACE/NAME>",
          "DaemonSet of kured; by default the one that runs it",
        ).argParser(parseName),
      )
      .addOption(outputOption<Form>("text", "json", "yaml")),
  );
  return command.action(async ({ filename, daemonset, output }: Given) => {
    const { readCluster, readFileText } = await import("./migrate/read.ts");
    const found =
      filename === undefined
        ? await readCluster(apiOf(command, io), daemonset, signal)
        : await readFileText(shownName(filename), await textOf(io, filename), daemonset);
    const { migrationOf } = await import("./migrate/migration.ts");
    const migration = migrationOf(found);
    if (output !== "text") return io.out(dump(output, migration));
    const { migrationText } = await import("./migrate/text.ts");
    io.out(migrationText(migration, io.terminal));
  });
}

const shownName = (file: string) => (file === "-" ? "standard input" : file);

async function textOf({ readText }: PersonIo, file: string): Promise<string> {
  if (readText === undefined) throw new CommandRefused(`no file can be read here: ${printable(file)}`);
  try {
    return await readText(file);
  } catch (error) {
    throw invalidValue(
      "filename",
      printable(file),
      `must be a readable file, but ${(error as Error).message}`,
    );
  }
}

function parseName(text: string): DaemonSetName {
  const [, namespace = "", name = ""] = /^([a-z0-9][-a-z0-9]*)\/([a-z0-9][-a-z0-9.]*)$/.exec(text) ?? [];
  if (name !== "") return { namespace, name };
  throw invalidValue("daemonset", printable(text), "must be NAMESPACE/NAME, for example kube-system/kured");
}
