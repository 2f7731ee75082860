import assert from "node:assert/strict";
import { type Api, ApiError } from "../../daemon/cluster/api.ts";
import {
  createLockObject,
  type LockObjectChange,
  type LockPlace,
  parsePlace,
  patchOf,
  placeText,
  stateIn,
} from "../../daemon/lock/lock-object.ts";
import { createVirtualTime } from "../kubernetes/virtual-time.ts";
import { everyRow } from "../rows.ts";

const created = "2026-11-24T12:00:00.000Z";
const { signal } = new AbortController();
const place: LockPlace = { kind: "lease", namespace: "ns", name: "rebootd", annotation: "example.com/lock" };
const n1 = { nodeID: "n1", created };

describe("The object with the lock", () => {
  it("is a free lock if it does not exist or has no annotations", () => {
    const nothing = {
      lock: { state: "readable", holders: [] },
      unlocked: [],
      lastRebootAt: undefined,
      paused: undefined,
      misread: [],
    };
    const failures = { state: "readable", failed: [] };
    for (const resourceVersion of [undefined, "7"]) {
      const metadata = resourceVersion === undefined ? undefined : { resourceVersion };
      assert.deepEqual(stateIn(metadata, "lock"), { version: resourceVersion, failures, ...nothing });
    }
  });

  const lock = { holders: [n1, { nodeID: "n2", created }], concurrency: 2 };
  const value = JSON.stringify({ maxOwners: 2, locks: lock.holders });
  const rows: [
    what: string,
    kind: LockPlace["kind"],
    change: LockObjectChange,
    annotations: object,
    spec: object | undefined,
  ][] = [
    ["a lock in a Lease", "lease", { lock }, { "example.com/lock": value }, { holderIdentity: "n1,n2" }],
    ["a lock in a DaemonSet", "daemonset", { lock }, { "example.com/lock": value }, undefined],
    [
      "no holder",
      "lease",
      { lock: { holders: [], concurrency: 1 } },
      { "example.com/lock": null },
      { holderIdentity: null },
    ],
    [
      "all but the lock",
      "lease",
      { failures: [], unlocked: [], paused: null },
      { "rebootd.dev/failures": null, "rebootd.dev/unlocked": null, "rebootd.dev/paused": null },
      undefined,
    ],
  ];
  it("is changed by one patch of the version that was read, and a Lease shows the holders", () =>
    everyRow(rows, (kind, change, annotations, spec) =>
      assert.deepEqual(patchOf({ resourceVersion: "7" }, change, { ...place, kind }), {
        metadata: { resourceVersion: "7", annotations },
        ...(spec && { spec }),
      }),
    ));

  const places: [text: string, isPlace: boolean][] = [
    ["lease/ns/rebootd example.com/lock", true],
    ["daemonset/ns/rebootd example.com/lock", true],
    ["configmap/ns/rebootd example.com/lock", false],
    ["lease/ns/../x example.com/lock", false],
    ["", false],
  ];
  it("is known by its place in one line", () =>
    everyRow(
      places.map(([text, isPlace]) => [text, text, isPlace] as const),
      (text, isPlace) => {
        const found = parsePlace(text);
        assert.equal(found && placeText(found), isPlace ? text : undefined);
      },
    ));

  /** Answers conflicts to the first patches. */
  function createAt(
    kind: LockPlace["kind"],
    conflicts: number,
    object?: object | ((read: number) => object),
  ) {
    const time = createVirtualTime(Date.parse(created));
    const calls: string[] = [];
    const api: Pick<Api, "get" | "create" | "patch"> = {
      get: async <T>() => {
        calls.push("get");
        if (object === undefined) throw new ApiError("gone", { code: "not-found" });
        return (typeof object === "function" ? object(calls.length) : object) as T;
      },
      create: async () => {
        calls.push("create");
        throw new ApiError("no", { code: "forbidden" });
      },
      patch: async <T>(_: string, body: unknown) => {
        calls.push("patch");
        if (calls.filter((verb) => verb === "patch").length <= conflicts)
          throw new ApiError("changed", { code: "conflict" });
        return body as T;
      },
    };
    const options = { api: api as Api, clock: time.clock, random: () => 0.5, conflictsInVainMax: 2 };
    const writes: string[] = [];
    const lockObject = createLockObject({
      ...options,
      place: { ...place, kind },
      onWrite: (outcome) => void writes.push(outcome),
    });
    const swap = async () => {
      const done = lockObject.swap(() => ({ paused: "true" }), signal);
      done.catch(() => {});
      await time.pass(60_000);
      return await done;
    };
    return { swap, calls, writes };
  }

  it("is read and patched again after a conflict, but only so often", async () => {
    const twice = createAt("lease", 2, { metadata: { resourceVersion: "7" } });
    assert.equal((await twice.swap()).paused, "true");
    assert.deepEqual(twice.calls, ["get", "patch", "get", "patch", "get", "patch"]);
    assert.deepEqual(twice.writes, ["conflict", "conflict", "written"]);
    const thrice = createAt("lease", 3, { metadata: {} });
    await assert.rejects(thrice.swap(), /changed/);
    assert.deepEqual(thrice.writes, ["conflict", "conflict", "conflict"]);
  });

  it("is tried again without end to the patience while each conflict is the turn of another node, up to 12 times", async () => {
    const lockOf = (round: number) => ({
      metadata: { annotations: { [place.annotation]: `{"nodeID":"n${round}","created":"${created}"}` } },
    });
    const busy = createAt("lease", 12, lockOf);
    await busy.swap();
    assert.equal(busy.writes.filter((outcome) => outcome === "conflict").length, 12);
    const endless = createAt("lease", 13, lockOf);
    await assert.rejects(endless.swap(), /changed/);
  });

  describe("that may not be patched", () => {
    const found = {
      kind: "DaemonSet",
      metadata: { name: "kured", resourceVersion: "7", creationTimestamp: null },
    };

    /** `whole`: the object when it is read to be written. */
    function createUnpatchable(whole: object) {
      const written: unknown[] = [];
      const api: Pick<Api, "get" | "getWhole" | "patch" | "update"> = {
        get: async <T>() => found as T,
        getWhole: async <T>() => whole as T,
        patch: async () => {
          throw new ApiError("no", { code: "not-granted" });
        },
        update: async <T>(_: string, body: unknown) => {
          written.push(body);
          return body as T;
        },
      };
      const { clock } = createVirtualTime(Date.parse(created));
      const where = { ...place, kind: "daemonset" } as const;
      const options = { api: api as Api, clock, random: () => 0.5, place: where, conflictsInVainMax: 0 };
      return { written, swap: () => createLockObject(options).swap(() => ({ paused: "true" }), signal) };
    }

    it("is written whole, with all else as it was", async () => {
      const { written, swap } = createUnpatchable(found);
      assert.equal((await swap()).paused, "true");
      const annotations = { "rebootd.dev/paused": "true" };
      assert.deepEqual(written, [{ ...found, metadata: { ...found.metadata, annotations } }]);
    });

    it("is not written where somebody else has changed it since", async () => {
      const { written, swap } = createUnpatchable({ metadata: { resourceVersion: "8" } });
      await assert.rejects(swap(), /somebody else has changed it/);
      assert.deepEqual(written, []);
    });
  });

  it("names what to do if it is missing", async () => {
    const lease =
      /^Error: the lock object Lease ns\/rebootd does not exist and may not be created; create it as/;
    const missing = createAt("lease", 0);
    await assert.rejects(missing.swap(), lease);
    assert.deepEqual(missing.writes, ["failed"]);
    const daemonSet =
      /^Error: the lock object DaemonSet ns\/rebootd does not exist; name another with --lock-object/;
    await assert.rejects(createAt("daemonset", 0).swap(), daemonSet);
  });
});
