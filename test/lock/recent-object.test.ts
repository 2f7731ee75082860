import assert from "node:assert/strict";
import { type Api, ApiError } from "../../daemon/cluster/api.ts";
import { createLockObject, type LockPlace } from "../../daemon/lock/lock-object.ts";
import { createVirtualTime } from "../kubernetes/virtual-time.ts";

const annotation = "rebootd.dev/lock";
const place: LockPlace = { kind: "lease", namespace: "ns", name: "rebootd", annotation };
const { signal } = new AbortController();
const holder = (nodeID: string) => ({ nodeID, created: "2026-11-24T12:00:00.000Z" });

/** A Lease with these holders; others may write it, too. */
function lease(...holders: string[]) {
  const time = createVirtualTime(0);
  const requests: string[] = [];
  let version = 1;
  let lock = { maxOwners: 9, locks: holders.map(holder) };
  let onShow: (text: string) => void = () => {};
  const object = () => ({
    metadata: { resourceVersion: String(version), annotations: { [annotation]: JSON.stringify(lock) } },
  });
  const write = (next: typeof lock) => {
    lock = next;
    version += 1;
  };
  const api = {
    async get() {
      requests.push("get");
      return object();
    },
    async patch(_: string, { metadata }: ReturnType<typeof object>) {
      requests.push(`patch ${metadata.resourceVersion}`);
      if (metadata.resourceVersion !== String(version)) throw new ApiError("conflict", { code: "conflict" });
      write(JSON.parse(metadata.annotations[annotation] ?? "{}"));
      return object();
    },
    async *watch() {
      const { promise, resolve } = Promise.withResolvers<string>();
      onShow = resolve;
      yield { type: "MODIFIED", object: { metadata: { resourceVersion: await promise } } };
      await new Promise(() => {});
    },
  } as unknown as Api;
  const lockObject = createLockObject({ api, clock: time.clock, random: () => 0, place });
  return {
    ...lockObject,
    requests,
    time,
    write: (...names: string[]) => write({ maxOwners: 9, locks: names.map(holder) }),
    show: async (text: string) => {
      onShow(text);
      await time.pass(0);
    },
    /** Adds a holder. */
    async enter(name: string): Promise<void> {
      const done = lockObject.swap(({ lock: before }) => {
        const others = before.state === "readable" ? before.holders : [];
        return { lock: { holders: [...others, holder(name)], concurrency: 9 } };
      }, signal);
      await time.pass(100);
      await done;
    },
  };
}

describe("A daemon that writes the lock", () => {
  it("does not read again what it has read or written just now", async () => {
    const one = lease();
    await one.read(signal);
    await one.enter("n1");
    await one.enter("n2");
    assert.deepEqual(one.requests, ["get", "patch 1", "patch 2"]);
  });

  it("reads it again where others may write it, too", async () => {
    const one = lease("n1", "n2");
    await one.read(signal);
    await one.enter("n3");
    assert.deepEqual(one.requests, ["get", "get", "patch 1"]);
  });

  it("need not do so for a minute where there is one holder at most", async () => {
    const one = lease("n1");
    await one.read(signal);
    await one.time.pass(59_000);
    await one.enter("n2");
    assert.deepEqual(one.requests, ["get", "patch 1"]);
    const other = lease("n1");
    await other.read(signal);
    await other.time.pass(60_000);
    await other.enter("n2");
    assert.deepEqual(other.requests, ["get", "get", "patch 1"]);
  });

  it("reads it again after a conflict, and keeps what somebody else has written", async () => {
    const one = lease("n1");
    await one.read(signal);
    one.write("n1", "n2");
    await one.enter("n3");
    assert.deepEqual(one.requests, ["get", "patch 1", "get", "patch 2"]);
    const { lock } = await one.read(signal);
    assert.deepEqual(lock.state === "readable" && lock.holders.map(({ nodeID }) => nodeID), [
      "n1",
      "n2",
      "n3",
    ]);
  });

  it("reads it again once the watch has shown another version", async () => {
    const one = lease("n1");
    void one.watch(
      () => {},
      () => {},
      signal,
    );
    await one.time.pass(0);
    await one.read(signal);
    await one.show("1");
    await one.readLately(signal);
    assert.deepEqual(one.requests, ["get"]);
    const other = lease("n1");
    void other.watch(
      () => {},
      () => {},
      signal,
    );
    await other.time.pass(0);
    await other.read(signal);
    await other.show("2");
    await other.readLately(signal);
    assert.deepEqual(other.requests, ["get", "get"]);
  });

  it("believes that nothing is to be written only what it has just read", async () => {
    const one = lease("n1");
    await one.read(signal);
    await one.swap(() => undefined, signal);
    assert.deepEqual(one.requests, ["get", "get"]);
  });
});
