import assert from "node:assert/strict";
import type { Api } from "../../daemon/cluster/api.ts";
import type { Waiting } from "../../daemon/lock/limits.ts";
import { type LockObject, patchOf, stateIn } from "../../daemon/lock/lock-object.ts";
import { createLockStore, type LockOptions } from "../../daemon/lock/store.ts";
import { createVirtualTime, type VirtualTime } from "../kubernetes/virtual-time.ts";

const noon = Date.parse("2026-11-24T12:00:00.000Z");
const created = "2026-11-24T11:00:00.000Z";
const { signal } = new AbortController();
const place = { kind: "lease", annotation: "lock" } as const;
const waiting: Waiting = { identity: { name: "me" }, labels: {} };

let time: VirtualTime;
let annotations: Record<string, string>;
let nodes: { metadata: object; spec: object }[];
/** Called before each list of Nodes is answered. */
let onList: () => void;
let lists: number;
let warnings: string[];
/** Shows the annotations to the watch. */
let show: () => void;

function node(name: string, changes: { cordoned?: boolean; isUnderWay?: boolean } = {}) {
  const annotations = changes.isUnderWay ? { cycle: "Draining" } : {};
  return { metadata: { name, annotations }, spec: { unschedulable: changes.cordoned } };
}

function createStore(options: Partial<LockOptions> = {}) {
  const state = () => stateIn({ annotations: { ...annotations }, resourceVersion: "1" }, "lock");
  const lockObject: LockObject = {
    read: async () => state(),
    readLately: async () => state(),
    async swap(plan) {
      const change = plan(state());
      if (change === undefined) return state();
      const patch = patchOf({ annotations }, change, place) as { metadata: { annotations: object } };
      const entries = Object.entries({ ...annotations, ...patch.metadata.annotations });
      annotations = Object.fromEntries(entries.filter(([, value]) => value !== null));
      return state();
    },
    watch: async (onState) => {
      show = () => onState(state());
    },
  };
  const list = async (_: string, { query }: { query?: Record<string, unknown> }) => {
    lists += 1;
    onList();
    const items = query?.["fieldSelector"]
      ? nodes.filter(({ spec }) => Object.values(spec)[0] === true)
      : nodes;
    return { metadata: {}, items };
  };
  return createLockStore({
    api: { list } as unknown as Api,
    clock: time.clock,
    lockObject,
    concurrency: { nodes: 1 },
    haltAfter: { reboots: 3, drains: 0 },
    recheckMs: 60_000,
    ttlMs: 0,
    holdersMax: 1000,
    warn: (message) => warnings.push(message),
    isUnderWay: (own) => "cycle" in own,
    ...options,
  });
}

const lockOf = (...names: string[]) =>
  JSON.stringify({ maxOwners: 9, locks: names.map((nodeID) => ({ nodeID, created, concurrency: 9 })) });

describe("The lock as a daemon deals with it", () => {
  function start(): void {
    time = createVirtualTime(noon);
    annotations = {};
    nodes = [];
    onList = () => {};
    lists = 0;
    warnings = [];
  }
  beforeEach(start);

  it("gives a slot, shows it as held, and takes it back", async () => {
    const store = createStore();
    const { held, holders } = await store.acquire(waiting, false, signal);
    assert.deepEqual([held, holders.map(({ nodeID }) => nodeID)], [true, ["me"]]);
    assert.equal((await store.read(waiting, true, signal)).held, true);
    assert.equal((await store.release(waiting, holders, undefined, signal)).held, false);
  });

  it("does not look at other nodes if the lock alone refuses", async () => {
    annotations["lock"] = lockOf("other");
    assert.equal((await createStore().read(waiting, true, signal)).refusal?.code, "lock-taken");
    assert.equal(lists, 0);
  });

  it("tries once more if a node left the lock during the look that refused", async () => {
    annotations["lock"] = lockOf("other");
    nodes = [node("other", { cordoned: true }), node("me")];
    const store = createStore({ concurrency: { nodes: 2 }, maxUnavailable: { nodes: 1 } });
    await store.read(waiting, false, signal);
    onList = () => {
      // The holder leaves after the first look, and is uncordoned by the next one.
      if (lists > 1) nodes = [node("me")];
      annotations["lock"] = lockOf();
    };
    assert.equal((await store.acquire(waiting, false, signal)).held, true);
    assert.equal(lists, 4);
  });

  it("refuses if the other nodes cannot be seen, or one in mid-cycle is not in the lock", async () => {
    onList = () => {
      throw new Error("nodes are forbidden");
    };
    const { refusal } = await createStore({ maxUnavailable: { nodes: 1 } }).read(waiting, true, signal);
    assert.deepEqual([refusal?.code, refusal?.dependsOnNodes], ["nodes-unknown", true]);
    assert.match(refusal?.message ?? "", /^cannot tell the state of the other nodes: nodes are forbidden$/);

    start();
    nodes = [node("lost", { cordoned: true, isUnderWay: true })];
    assert.equal((await createStore().acquire(waiting, false, signal)).refusal?.code, "lock-lost");
  });

  it("warns once of a limit for which the lock has no room, and of each annotation that is not understood", async () => {
    nodes = Array.from({ length: 3000 }, (_, index) => node(`n${index}`));
    annotations["rebootd.dev/pause"] = "true";
    const store = createStore({ concurrency: { percent: 50 } });
    for (let reads = 0; reads < 2; reads += 1) await store.read(waiting, false, signal);
    assert.equal(warnings.length, 2);
    assert.match(warnings[0] ?? "", /^an annotation is not understood: rebootd\.dev\/pause/);
    assert.match(
      warnings[1] ?? "",
      /^--concurrency allows 1500 nodes, but the lock annotation has room for about 1000;/,
    );
  });

  it("shows its state again when a pause ends by itself, unless it has changed since", async () => {
    const store = createStore();
    const codes: (string | undefined)[] = [];
    const onFacts = ({ refusal }: { refusal: { code: string } | undefined }) => codes.push(refusal?.code);
    void store.watch(
      () => waiting,
      onFacts,
      (error) => assert.fail(`${error}`),
      signal,
    );
    annotations["rebootd.dev/paused"] = "until 2026-11-24T12:10:00Z";
    show();
    await time.pass(9 * 60_000);
    assert.deepEqual(codes, ["cluster"]);
    await time.pass(2 * 60_000);
    assert.deepEqual(codes, ["cluster", undefined]);
    annotations["rebootd.dev/paused"] = "until 2026-11-24T12:20:00Z";
    show();
    delete annotations["rebootd.dev/paused"];
    show();
    await time.pass(30 * 60_000);
    assert.deepEqual(codes, ["cluster", undefined, "cluster", undefined]);
  });
});
