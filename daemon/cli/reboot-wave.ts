import { contract } from "../annotations/names.ts";
import { parseRequest } from "../annotations/reboot-request.ts";
import { type Api, unlessNotGranted } from "../cluster/api.ts";
import { listNodeMetadata } from "../cluster/nodes.ts";
import type { Metadata } from "../cluster/objects.ts";
import { byText } from "../text/by-text.ts";
import { count } from "../text/count.ts";
import { firstOf } from "../text/list.ts";
import { oneLine } from "../text/one-line.ts";
import { createLimit } from "../time/limit.ts";
import type { PersonIo } from "./access.ts";
import { annotateNode, CommandRefused, noSuchNode } from "./admin.ts";
import { keptMetadata } from "./fleet.ts";
import { listDaemons } from "./health.ts";
import { recordOf } from "./record-of.ts";
import { phaseCell } from "./status-text.ts";
import { type Cell, paintedTable } from "./table.ts";
import { joined, type Terminal, type Text } from "./terminal.ts";

/** Several nodes for which a person requests a reboot; each starts when it has a slot, as ever. */
export interface Wave {
  /** Their names; undefined for all that the selector selects, or all there are. */
  names: readonly string[] | undefined;
  selector: string | undefined;
  urgent: boolean;
  /** Only show what would be requested. */
  isTrial: boolean;
}

/** - `before`: somebody has requested it already. */
type Request = "to do" | "done" | "before" | "failed" | "passed over";

/** A node of the wave, and what becomes of the request for it. */
export interface WaveNode {
  node: string;
  phase: string;
  request: Request;
  /** The reason why it waits, or why there is no request. */
  why: string;
}

/** At most so many requests are under way. */
const parallel = 10;
const failedMax = 5;

/** Changes annotations of a Node, see {@link annotateNode}; `before` are those that it has. */
export type AnnotationsFor = (before: Readonly<Record<string, string>>) => Record<string, string>;

/**
 * Requests the reboots, and prints each node. Rejects with a CommandRefused for a name without a Node before anything
 * is changed, and after all where one of the requests has failed.
 */
export async function requestWave(
  io: Parameters<typeof annotateNode>[0] & Pick<PersonIo, "out" | "terminal">,
  wave: Wave,
  annotations: AnnotationsFor,
  signal: AbortSignal,
): Promise<void> {
  const planned = await plan(io.api, wave, signal);
  const limit = createLimit(parallel);
  const done = wave.isTrial
    ? planned
    : await Promise.all(planned.map((one) => limit(() => request(io, one, wave, annotations, signal))));
  io.out(waveText(done, wave.isTrial, io.terminal));
  const failed = done.filter((one) => one.request === "failed");
  if (failed.length === 0) return;
  const names = firstOf(
    failed.map(({ node }) => node),
    failedMax,
  );
  throw new CommandRefused(
    `${count(failed.length, "reboot was", "reboots were")} not requested: ${names}; run the same again`,
  );
}

async function plan(api: Api, { names, selector, urgent }: Wave, signal: AbortSignal): Promise<WaveNode[]> {
  const [nodes, daemons] = await Promise.all([
    listNodeMetadata(api, { signal, query: { labelSelector: selector } }, keptMetadata),
    unlessNotGranted(() => listDaemons(api, signal), []),
  ]);
  const missing = names?.find((name) => !nodes.some((node) => node.name === name));
  if (missing !== undefined) throw noSuchNode(missing);
  if (nodes.length === 0) throw new CommandRefused("no Node is selected");
  const withDaemon = new Set(daemons.map(({ spec }) => spec?.nodeName));
  return nodes
    .filter(({ name = "" }) => names?.includes(name) ?? true)
    .sort((one, other) => byText(one.name ?? "", other.name ?? ""))
    .map((node) =>
      waveNode(node, {
        // Daemons that run in another way than as pods of rebootd are not seen.
        hasDaemon: withDaemon.size === 0 || withDaemon.has(node.name),
        isNamed: names !== undefined,
        urgent,
      }),
    );
}

/** Pure: what is to become of the request for this Node. */
export function waveNode(
  metadata: Metadata,
  { hasDaemon, isNamed, urgent }: { hasDaemon: boolean; isNamed: boolean; urgent: boolean },
): WaveNode {
  const { name = "", labels = {}, annotations } = metadata;
  const { record, fault } = recordOf(metadata);
  const reasons =
    record?.phase === "Failed" ? [record.outcome?.message ?? ""] : record?.reasons.map((one) => one.message);
  const one = {
    node: name,
    phase: record?.phase ?? (fault === undefined ? "Idle" : "Unknown"),
    why: (reasons ?? []).join("; "),
  };
  if (labels[contract.os.key] === "windows") return { ...one, request: "passed over", why: "runs Windows" };
  if (isRequested(annotations, urgent)) return { ...one, request: "before" };
  if (hasDaemon) return { ...one, request: "to do" };
  const why = "no rebootd pod on it";
  return { ...one, request: isNamed ? "to do" : "passed over", why };
}

/** A request that is not urgent is no reason to leave an urgent one out. */
function isRequested(annotations: Readonly<Record<string, string>> | undefined, urgent: boolean): boolean {
  const found = parseRequest(annotations?.[contract.request.key]);
  return found !== undefined && (found.urgent || !urgent);
}

async function request(
  io: Parameters<typeof annotateNode>[0],
  one: WaveNode,
  { urgent }: Wave,
  annotations: AnnotationsFor,
  signal: AbortSignal,
): Promise<WaveNode> {
  if (one.request !== "to do") return one;
  let result: Request = "done";
  try {
    await annotateNode(
      io,
      one.node,
      (before) => {
        // Somebody else may have been faster.
        result = isRequested(before, urgent) ? "before" : "done";
        return result === "before" ? undefined : annotations(before);
      },
      signal,
    );
    return { ...one, request: result };
  } catch (error) {
    signal.throwIfAborted();
    return { ...one, request: "failed", why: (error as Error).message };
  }
}

const words: Readonly<Record<Request, string>> = {
  "to do": "would be requested",
  done: "requested",
  before: "requested before",
  failed: "failed",
  "passed over": "passed over",
};

/** Pure: all nodes of the wave, and the sum of them. */
export function waveText(
  nodes: readonly WaveNode[],
  isTrial: boolean,
  terminal: Pick<Terminal, "columns">,
): Text {
  const rows = nodes.map((one): Cell[] => [
    one.node,
    phaseCell({ phase: one.phase, troubles: [] }),
    one.request === "failed" ? { text: words.failed, style: "trouble" } : words[one.request],
    oneLine(one.why),
  ]);
  const of = (request: Request) => nodes.filter((one) => one.request === request).length;
  const sum = isTrial
    ? `${count(of("to do"), "reboot")} would be requested; nothing was changed\n`
    : `${count(of("done"), "reboot")} requested; follow with rebootd status --watch\n`;
  return joined([paintedTable(["NODE", "PHASE", "REQUEST", "WHY"], rows, terminal), sum], "\n");
}
