import { Command } from "commander";
import { accessOf, type PersonIo, withAccess } from "./access.ts";
import { noSuchNode } from "./admin.ts";
import { nodeNames } from "./node-name.ts";
import { dump, outputOption } from "./output.ts";
import { joined } from "./terminal.ts";

type Form = "text" | "json" | "yaml";

/**
 * `rebootd explain NODE...`: the reasons why it has not rebooted, in words, from its own record. Reads only.
 */
export function explainCommand(io: PersonIo, signal: AbortSignal): Command {
  const command = withAccess(
    new Command("explain")
      .description("Explain why a node does not reboot, or what it is doing")
      .argument("<NODE...>", "The node, or several", nodeNames)
      .addOption(outputOption<Form>("text", "json", "yaml")),
  );
  return command.action(async (names: readonly string[], { output }: { output: Form }) => {
    const access = await accessOf(command, io, signal);
    const { explanation, explanationText, readFindings } = await import("./explanation.ts");
    const found = await readFindings(access, names, signal);
    const explained = found.map((findings) => explanation(findings, access.clock.wall()));
    if (output !== "text" && explained.length > 0) io.out(dump(output, explained));
    else {
      const texts = explained.map((one) => explanationText(one.explanation, io.terminal));
      io.out(joined(texts, "\n"));
    }
    const missing = names.find((name) => !explained.some(({ node }) => node === name));
    if (missing !== undefined) throw noSuchNode(missing);
  });
}
