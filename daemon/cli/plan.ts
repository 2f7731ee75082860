import { Command } from "commander";
import { contract } from "../annotations/names.ts";
import { readNodeMetadata } from "../cluster/nodes.ts";
import { escalationOf } from "../config/escalation.ts";
import { parseOptions } from "../config/options.ts";
import { drainOptions, selectionOf } from "../config/selection.ts";
import { parseRecord } from "../cycle/record.ts";
import { readDrainFacts } from "../drain/facts.ts";
import { planDrain } from "../drain/preflight.ts";
import { apiOf, type PersonIo, withCluster } from "./access.ts";
import { noSuchNode } from "./admin.ts";
import { nodeName } from "./node-name.ts";
import { addOptions, givenOptions } from "./options.ts";
import { dump, outputOption } from "./output.ts";
import { planText } from "./plan-text.ts";

type Form = "text" | "json" | "yaml";

/** `rebootd plan NODE`: what a drain of the node would do, and what is in its way. Reads only. */
export function planCommand(io: PersonIo, signal: AbortSignal): Command {
  const command = withCluster(
    new Command("plan")
      .description("what a drain of a node would evict, what would stay, and what is in its way")
      .argument("<NODE>", "the node", nodeName)
      .addOption(outputOption<Form>("text", "json", "yaml")),
  );
  addOptions(command, drainOptions);
  return command.action(async (node: string, { output }: { output: Form }) => {
    const config = parseOptions(drainOptions, givenOptions(command, drainOptions, io.environment));
    const api = apiOf(command, io);
    const own = await readNodeMetadata(api, node, signal);
    if (own === undefined) throw noSuchNode(node);
    const { record } = parseRecord(own.annotations?.[contract.cycle.key]);
    const facts = await readDrainFacts(api, node, config["drain-pod-selector"], signal);
    const plan = planDrain({
      ...facts,
      slowGraceSeconds: record?.slowGraceSeconds,
      nodeName: node,
      selection: selectionOf(config),
      gracePeriodSeconds: config["drain-grace-period"],
      escalation: escalationOf(config),
      now: io.clock.wall(),
    });
    io.out(output === "text" ? planText(plan) : dump(output, plan));
  });
}
