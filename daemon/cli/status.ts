import { Command } from "commander";
import { count } from "../text/count.ts";
import { oneLine } from "../text/one-line.ts";
import { accessOf, type PersonIo, withAccess } from "./access.ts";
import { type ClusterStatus, statusOf } from "./cluster-status.ts";
import { readFleet } from "./fleet.ts";
import { dump, outputOption } from "./output.ts";
import { age, table } from "./table.ts";

type Form = "text" | "wide" | "json" | "yaml";

/** `rebootd status`: the holders of the lock, the nodes that wait, and their reasons. Reads only. */
export function statusCommand(io: PersonIo, signal: AbortSignal): Command {
  const command = withAccess(
    new Command("status")
      .description("Show which nodes hold the lock, which wait, since when and why")
      .addOption(outputOption<Form>("text", "wide", "json", "yaml")),
  );
  return command.action(async ({ output }: { output: Form }) => {
    const fleet = await readFleet(await accessOf(command, io, signal), signal);
    const { at, place, lockState, nodes, health } = fleet;
    const status = statusOf(place, lockState, nodes, at, health);
    const isText = output === "text" || output === "wide";
    io.out(isText ? statusText(status, output === "wide", at) : dump(output, status));
  });
}

/** The status for people: a sentence on the lock, and a table for each kind of entry in it. */
export function statusText(status: ClusterStatus, wide: boolean, now: number): string {
  const since = (time: string | undefined) => age(time, now);
  const {
    lock,
    count: counts,
    misread,
    pausedMessage,
    halted,
    failures,
    failuresMessage,
    holders,
    manual,
    others,
  } = status;
  const wideOnly = <T>(...cells: T[]) => (wide ? cells : []);
  const all = [
    table(
      ["FAILED", "SINCE", "WHY"],
      halted ? failures.map((one) => [one.node, since(one.at), one.message]) : [],
    ),
    table(
      ["HOLDER", "SINCE", "PHASE", ...wideOnly("NEEDED", "ZONE", "POOL", "LIMIT"), "WHY"],
      holders.map((one) => [
        one.node,
        since(one.since),
        one.phase,
        ...wideOnly(since(one.neededSince), one.zone, one.pool, one.concurrency?.toString()),
        [...one.troubles, ...one.why].join("; "),
      ]),
    ),
    table(
      ["MANUAL LOCK", "SINCE", "REASON"],
      manual.map((one) => [one.name, since(one.since), one.reason]),
    ),
    table(
      ["NODE", "SINCE", "PHASE", ...wideOnly("NEEDED", "PRIORITY", "FOR"), "WHY"],
      others.map((one) => [
        one.node,
        since(one.since),
        one.phase,
        ...wideOnly(since(one.neededSince), one.priority, one.neededFor.join(",")),
        [...one.troubles, ...one.why].join("; "),
      ]),
    ),
  ];
  const tables = all.filter((one) => one !== "");
  const lockLine = `${lock.object}, ${lock.annotation}: ${lock.message}`;
  const lines = halted
    ? [failuresMessage, lockLine, pausedMessage]
    : [lockLine, pausedMessage, failuresMessage];
  const nothing = tables.length === 0 && counts.nodes > 0 ? [countText(status)] : [];
  const first = [...lines, ...nothing, ...misread.map((one) => `not understood: ${one}`)]
    .filter((one) => one !== undefined)
    .map((one) => `${oneLine(one)}\n`)
    .join("");
  return [first, ...tables].join("\n");
}

/** The counts, for a status without tables: it may be the wrong cluster, or one without daemons. */
function countText({ count: { nodes, daemons, needReboot }, pausedMessage }: ClusterStatus): string {
  const needs = count(needReboot, "needs a reboot", "need a reboot");
  const notPaused = pausedMessage === undefined ? ["not paused"] : [];
  return [count(nodes, "node"), count(daemons, "daemon"), needs, ...notPaused].join(", ");
}
