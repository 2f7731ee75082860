import assert from "node:assert/strict";
import { contract } from "../../daemon/annotations/names.ts";
import { type Api, ApiError } from "../../daemon/cluster/api.ts";
import type { WholeNode } from "../../daemon/cluster/objects.ts";
import { writeRecord } from "../../daemon/cycle/record.ts";
import { systemClock } from "../../daemon/time/clock.ts";
import { idle, iso, noon, record } from "../cycle/builders.ts";
import { type } from "../simulation/typed.ts";
import { type CheckCluster, startCheckCluster } from "./check-cluster.ts";
import { assertGolden } from "./golden.ts";

const { signal } = new AbortController();
const clock = { ...systemClock, wall: () => noon };
const key = contract.request.key;
const pool = "pool=batch";

const message =
  "outside the maintenance window, which opens next at 2026-11-25T02:00:00+01:00 and is open for 4 hours";
const waiting = idle({
  phase: "Waiting",
  need: { source: "file", reasons: ["linux-image"], since: iso(noon) },
  reasons: [{ gate: "window", code: "outside", message, since: iso(noon) }],
});
const failed = idle({
  phase: "Failed",
  failures: 1,
  outcome: { result: "failed", at: iso(noon), message: "pod shop/cart-0 was not evicted within 15m" },
});

/** Six nodes, of which one runs Windows, one has no daemon, and one is asked to reboot already. */
async function startFleet(): Promise<CheckCluster> {
  const cluster = await startCheckCluster();
  const labels = { "kubernetes.io/os": "linux", pool: "batch" };
  const cycle = (one: Parameters<typeof writeRecord>[0]) => ({ [contract.cycle.key]: writeRecord(one) });
  const nodes: Readonly<Record<string, object>> = {
    draining: { labels, annotations: cycle(record({ phase: "Draining" })) },
    failed: { labels, annotations: cycle(failed) },
    idle: {},
    requested: { labels, annotations: { [key]: "firmware" } },
    waiting: { labels, annotations: cycle(waiting) },
    windows: { labels: { ...labels, "kubernetes.io/os": "windows" } },
    without: { labels },
  };
  for (const [name, metadata] of Object.entries(nodes)) {
    await cluster.addNode(name, { metadata });
    if (name !== "windows" && name !== "without") await cluster.addDaemon(name);
  }
  return cluster;
}

describe("Reboots of several nodes that a person requests", () => {
  let cluster: CheckCluster;
  beforeEach(async () => {
    cluster = await startFleet();
  });

  const rebootd = (args: readonly string[], columns?: number, api: Api = cluster.api) =>
    type({ api, signal, time: { clock } }, ["reboot", ...args], { columns });

  async function requests(): Promise<Record<string, string | undefined>> {
    const { items } = await cluster.api.list<WholeNode>("/api/v1/nodes", { signal });
    const found = items.map(({ metadata }) => [metadata?.name ?? "", metadata?.annotations?.[key]] as const);
    return Object.fromEntries(found.filter(([, value]) => value !== undefined));
  }

  const by = "by kubernetes-admin";
  const asked = { requested: "firmware", draining: by, failed: by, waiting: by };

  it("are shown in a dry run with what each node does, and nothing is changed", async () => {
    const before = cluster.verbs().length;
    for (const columns of [80, 160]) {
      const { code, out, err } = await rebootd(["--all", "--dry-run"], columns);
      assert.deepEqual([code, err], [0, ""]);
      assertGolden(`reboot/dry-run-${columns}`, out);
    }
    assert.deepEqual(await requests(), { requested: "firmware" });
    const reads = ["list nodes", "list pods"];
    assert.deepEqual(new Set(cluster.verbs().slice(before)), new Set(reads));
  });

  it("are requested of those that a selector selects, but not twice, and not of Windows", async () => {
    for (const columns of [80, 160]) {
      cluster = await startFleet();
      const { code, out, err } = await rebootd(["-l", pool], columns);
      assert.deepEqual([code, err], [0, ""]);
      assertGolden(`reboot/selected-${columns}`, out);
      assert.deepEqual(await requests(), asked);
    }
    assert.match((await rebootd(["-l", pool])).out, /\n0 reboots requested; /);
  });

  it("are requested of all nodes, and urgently where the request before was not urgent", async () => {
    const { code } = await rebootd(["--all", "--urgent", "--reason", "disk"]);
    assert.equal(code, 0);
    const urgent = `urgent: disk (${by})`;
    const names = ["draining", "failed", "idle", "requested", "waiting"];
    assert.deepEqual(await requests(), Object.fromEntries(names.map((name) => [name, urgent])));
  });

  it("are requested of named nodes, also of one that has no daemon yet", async () => {
    const { code, out } = await rebootd(["idle", "without"]);
    assert.deepEqual([code, Object.keys(await requests())], [0, ["idle", "requested", "without"]]);
    assert.match(out, /\nwithout +Idle +requested +no rebootd pod on it\n/);
  });

  it("let a node that has failed try again, though it was the same request", async () => {
    await rebootd(["failed", "idle"]);
    const path = "/api/v1/nodes/failed";
    const again = idle({ phase: "Failed", failures: 2, request: by });
    const annotations = { [key]: null, [contract.cycle.key]: writeRecord(again) };
    await cluster.api.patch(path, { metadata: { annotations } }, { signal });
    await rebootd(["failed", "idle"]);
    const { metadata } = await cluster.api.get<WholeNode>(path, { signal });
    assert.match(metadata?.annotations?.[contract.cycle.key] ?? "", /"phase":"Waiting"/);
  });

  it("name the nodes for which that has failed, with exit code 1, and are there for the others", async () => {
    const api: Api = {
      ...cluster.api,
      async patch(path, body, options) {
        if (path.endsWith("/waiting")) throw new ApiError("patching node waiting", { code: "unreachable" });
        return await cluster.api.patch(path, body, options);
      },
    };
    const { code, out, err } = await rebootd(["-l", pool], 80, api);
    assertGolden("reboot/partly", out + err);
    const { waiting: _, ...others } = asked;
    assert.deepEqual([code, await requests()], [1, others]);
  });

  it("are at most ten writes at a time", async () => {
    for (let at = 0; at < 30; at += 1) await cluster.addNode(`more-${at}`);
    let [underWay, most] = [0, 0];
    const api: Api = {
      ...cluster.api,
      async patch(path, body, options) {
        underWay += 1;
        most = Math.max(most, underWay);
        const answer = await cluster.api.patch<never>(path, body, options);
        underWay -= 1;
        return answer;
      },
    };
    const names = Array.from({ length: 30 }, (_, at) => `more-${at}`);
    assert.equal((await rebootd(names, undefined, api)).code, 0);
    assert.ok(most > 1 && most <= 10, `${most} at a time`);
  });

  it("are refused before any change: no node, an unknown one, and names beside a selector", async () => {
    const refusals: readonly [args: string[], code: number, message: string][] = [
      [["idle", "n9"], 1, 'the cluster has no Node "n9"'],
      [["-l", "pool=none"], 1, "no Node is selected"],
      [["idle", "--all"], 2, "reboot: NODE and --all or --selector are mutually exclusive"],
      [[], 2, "reboot requires NODE, --selector or --all, for example rebootd reboot worker-1"],
    ];
    for (const [args, code, text] of refusals)
      assert.deepEqual(await rebootd(args), { code, out: "", err: `rebootd: ${text}\n` });
    assert.deepEqual(await requests(), { requested: "firmware" });
  });
});
