import { Command } from "commander";
import { contract } from "../annotations/names.ts";
import { readNodeMetadata } from "../cluster/nodes.ts";
import { parseTable } from "../config/option.ts";
import { plannedDrain, planOptions } from "../config/options/drain.ts";
import { parseRecord } from "../cycle/record.ts";
import { readDrainFacts } from "../drain/facts.ts";
import { planDrain } from "../drain/preflight.ts";
import { readSurges } from "../drain/surge/look.ts";
import { apiOf, type PersonIo } from "./access.ts";
import { noSuchNode } from "./admin.ts";
import { withCluster } from "./cluster-options.ts";
import { nodeName } from "./node-name.ts";
import { addEnvironmentHelp, addOptions, givenOptions } from "./options.ts";
import { dump, outputOption } from "./output.ts";
import { planText } from "./plan-text.ts";

type Form = "text" | "json" | "yaml";

/** `rebootd plan NODE`: what a drain of the node would do, and what is in its way. Reads only. */
export function planCommand(io: PersonIo, signal: AbortSignal): Command {
  const command = withCluster(
    new Command("plan")
      .description("Show which pods a drain of a node would evict, which would stay, and what would block it")
      .argument("<NODE>", "The node", nodeName)
      .addOption(outputOption<Form>("text", "json", "yaml")),
  );
  addEnvironmentHelp(addOptions(command, planOptions), planOptions);
  return command.action(async (node: string, { output }: { output: Form }) => {
    const given = parseTable(planOptions, givenOptions(command, planOptions, io.environment));
    const { selection, podSelector, gracePeriodSeconds, escalation, surge } = plannedDrain(given);
    const api = apiOf(command, io);
    const own = await readNodeMetadata(api, node, signal);
    if (own === undefined) throw noSuchNode(node);
    const { record } = parseRecord(own.annotations?.[contract.cycle.key]);
    const facts = await readDrainFacts(api, node, podSelector, signal);
    const surges = surge && (await readSurges(api, facts.pods, surge, signal));
    const plan = planDrain({
      ...facts,
      surges,
      slowGraceSeconds: record?.slowGraceSeconds,
      nodeName: node,
      selection,
      gracePeriodSeconds,
      escalation,
      now: io.clock.wall(),
    });
    io.out(output === "text" ? planText(plan, io.terminal) : dump(output, plan));
  });
}
