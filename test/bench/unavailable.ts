/** The cost of `--max-unavailable` for a start in a cluster of 5,000 nodes. */
import { createClient } from "../../daemon/cluster/client.ts";
import { listNodes, listUnavailable } from "../../daemon/cluster/nodes.ts";
import { createApiServer } from "../kubernetes/api/server.ts";
import { createVirtualTime } from "../kubernetes/virtual-time.ts";
import { seeded } from "../simulation/seeded.ts";
import { type Figure, figure } from "./figures.ts";

const bench = "unavailable";
const nodes = 5000;
/** As many as a kubelet names in its status. */
const images = Array.from({ length: 50 }, (_, index) => ({
  names: [`registry.test/app-${index}@sha256:${"0".repeat(64)}`, `registry.test/app-${index}:1`],
  sizeBytes: 100_000_000,
}));

export async function benchUnavailable(): Promise<Figure[]> {
  const { clock, timers } = createVirtualTime(0);
  const server = createApiServer({ timers, random: seeded(1), authorization: "always-allow" });
  const api = createClient({ transport: server.transport(server.adminToken), clock });
  const { signal } = new AbortController();
  const ready = { type: "Ready", status: "True" };
  for (let number = 1; number <= nodes; number += 1) {
    const name = `node-${number}`;
    await api.create("/api/v1/nodes", { metadata: { name } }, { signal });
    const status = { conditions: [number === 7 ? { ...ready, status: "False" } : ready], images };
    await api.patch(`/api/v1/nodes/${name}/status`, { status }, { signal });
  }
  const costOf = async (list: () => Promise<unknown>) => {
    server.ledger.clear();
    await list();
    const entries = server.ledger.entries({ resource: "nodes" });
    return {
      requests: entries.length,
      megabytes: entries.reduce((sum, one) => sum + one.responseBytes, 0) / 1e6,
    };
  };
  const { names } = await listUnavailable(api, signal);
  if (names.join() !== "node-7") throw new Error(`found to be unavailable: ${names}`);
  const rows = await costOf(() => listUnavailable(api, signal));
  const whole = await costOf(() => listNodes(api, { signal }));
  const what = `${nodes} nodes, a start with --max-unavailable`;
  return [
    figure(bench, `${what}: lists of Nodes`, rows.requests, "requests", 5),
    figure(bench, `${what}: size of the answers`, rows.megabytes, "MB", 2),
    figure(bench, `${what}: part of that of the whole Nodes`, rows.megabytes / whole.megabytes, "", 0.1),
  ];
}
