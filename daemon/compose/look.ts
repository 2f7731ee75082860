import { unlessNotFound } from "../cluster/api.ts";
import type { WholeNode } from "../cluster/objects.ts";
import { paths } from "../cluster/paths.ts";
import type { Settings } from "../config/settings.ts";
import type { CyclePorts } from "../cycle/ports.ts";
import { lookOnce } from "../cycle/run.ts";
import { lookAtHost } from "../host/host.ts";
import { oneLine } from "../text/one-line.ts";
import { compose, ignoredText, type Ports } from "./daemon.ts";

/**
 * One observation without any change: where the cycle stands, what would be done, and why, as lines of text.
 * Rejects where the daemon would not start on this machine either.
 */
export async function lookDaemon(settings: Settings, ports: Ports, signal: AbortSignal): Promise<string> {
  const { node, reboot, logind } = settings;
  const { ports: cycle } = compose(settings, ports, signal);
  await assertSameMachine(cycle, signal);
  const asked = { ...reboot.machine, inhibitors: logind.inhibitors };
  const { rebootMethod, passedOver, inhibitors } = await lookAtHost(asked, ports.host, signal);
  const { record, decision } = await lookOnce(cycle, signal);
  const { action, why } = decision;
  const next = action.do === "save" ? `become ${action.record.phase}` : action.do;
  const reasons = action.do === "save" ? action.record.reasons : record.reasons;
  const facts = {
    "reboot method": rebootMethod,
    "passed over": passedOver,
    inhibitors,
    ignored: ignoredText(ports),
  };
  const more = Object.entries(facts).filter(([, fact]) => fact !== undefined);
  const lines = [
    oneLine(`${node.name} is ${record.phase} and would ${next}: ${why}`),
    ...reasons.map(({ gate, code, message }) => `  ${oneLine(`${gate} (${code}): ${message}`)}`),
    ...more.map(([name, fact]) => oneLine(`${name}: ${fact}`)),
  ];
  return lines.map((line) => `${line}\n`).join("");
}

/**
 * The facts of this machine are not those of the Node where the Node is another machine, as with a laptop.
 */
async function assertSameMachine(
  { api, nodeName, readBootID }: CyclePorts,
  signal: AbortSignal,
): Promise<void> {
  const node = await unlessNotFound(() => api.get<WholeNode>(paths.node(nodeName), { signal }));
  const theirs = node?.status?.nodeInfo?.bootID;
  const ours = await readBootID();
  if (theirs === undefined || theirs === "" || theirs === ours) return;
  throw new Error(
    `this machine is not ${nodeName}: its boot ID is ${ours}, that of the Node is ${theirs}; run it on that machine, or in the pod of rebootd there. Where the machine has just booted, its kubelet has not reported yet`,
  );
}
