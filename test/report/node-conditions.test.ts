import assert from "node:assert/strict";
import { type Conditions, ownConditions } from "../../daemon/annotations/conditions.ts";
import { type Api, ApiError } from "../../daemon/cluster/api.ts";
import { createNodeConditions } from "../../daemon/report/node-conditions.ts";
import { noon, record, seen } from "../cycle/builders.ts";
import { createVirtualTime } from "../kubernetes/virtual-time.ts";

const waiting = record({ phase: "Waiting" });

/** A writer, and all that it writes. */
function writer({ isOn = true, carried = {} as Conditions } = {}) {
  const time = createVirtualTime(noon);
  const written: { type: string; status?: string; lastTransitionTime?: string }[][] = [];
  const faults: string[] = [];
  let refusal: ApiError | undefined;
  const onServer = new Map<string, object>();
  const stored = (items: (typeof written)[number]) => {
    for (const item of items) onServer.set(item.type, { ...onServer.get(item.type), ...item });
    return [...onServer.values()].filter((item) => !("$patch" in item));
  };
  const api = {
    async strategicPatch(_: string, body: { status: { conditions: (typeof written)[number] } }) {
      written.push(body.status.conditions);
      if (refusal !== undefined) throw refusal;
      return { status: { conditions: stored(body.status.conditions) } };
    },
  };
  const show = createNodeConditions({
    api: api as unknown as Api,
    clock: time.clock,
    nodeName: "n1",
    isOn,
    policy: { hasWindow: false },
    onFault: (error) => void faults.push((error as Error).message),
  });
  const { signal } = new AbortController();
  let onNode = carried;
  return {
    written,
    faults,
    refuse(error: ApiError | undefined) {
      refusal = error;
    },
    /** Somebody else has changed them. */
    reads(now: Conditions) {
      onNode = now;
    },
    async finds(about: Parameters<typeof record>[0], ms = 2000, world: Parameters<typeof seen>[0] = {}) {
      const node = await show(record(about), seen(world), onNode, signal);
      if (node !== undefined) onNode = ownConditions(node.status?.conditions);
      await time.pass(ms);
    },
    types: () => written.map((items) => items.map(({ type, status }) => `${type}=${status}`)),
  };
}

const blockedBy = (message: string) => [{ gate: "alerts", code: "active", message, since: waiting.since }];

describe("The writer of a Node's conditions", () => {
  it("writes RebootRequired on each node, and others once they are True", async () => {
    const of = writer();
    await of.finds({ phase: "Idle", need: undefined }, 2000, { needed: false });
    await of.finds({ phase: "Idle", need: undefined }, 2000, { needed: false });
    assert.deepEqual(of.types(), [["RebootRequired=False"]]);
    await of.finds({ phase: "Draining" }, 2000, { isDrained: false });
    await of.finds({ phase: "Settling", need: undefined }, 2000, { needed: false });
    assert.deepEqual(of.types().slice(1), [
      ["RebootRequired=True", "MaintenanceInProgress=True", "DrainInProgress=True"],
      ["RebootRequired=False", "MaintenanceInProgress=False", "DrainInProgress=False"],
    ]);
  });

  it("writes a message alone at most once a minute, and moves the time of transition with the status", async () => {
    const of = writer();
    await of.finds({ phase: "Waiting", reasons: blockedBy("1 alert is active") });
    await of.finds({ phase: "Waiting", reasons: blockedBy("2 alerts are active") }, 30_000);
    assert.equal(of.written.length, 1);
    await of.finds({ phase: "Waiting", reasons: blockedBy("3 alerts are active") }, 31_000);
    await of.finds({ phase: "Waiting", reasons: blockedBy("3 alerts are active") });
    assert.deepEqual(of.types().slice(1), [["RebootBlocked=True"]]);
    assert.deepEqual(
      of.written.map((items) => items.every(({ lastTransitionTime }) => lastTransitionTime !== undefined)),
      [true, false],
    );
  });

  it("writes again what somebody else has taken away", async () => {
    const of = writer();
    await of.finds({ phase: "Waiting" });
    await of.finds({ phase: "Waiting" });
    assert.equal(of.written.length, 1);
    of.reads({});
    await of.finds({ phase: "Waiting" });
    assert.equal(of.written.length, 2);
  });

  it("tries again after a pause, and reports a failure once", async () => {
    const of = writer();
    of.refuse(new ApiError("no", { code: "forbidden", status: 403 }));
    for (let minutes = 0; minutes < 60; minutes += 1) await of.finds({ phase: "Waiting" }, 60_000);
    assert.ok(of.written.length > 4 && of.written.length < 12, `${of.written.length} tries in an hour`);
    assert.deepEqual(of.faults, ["no"]);
    of.refuse(undefined);
    for (let minutes = 0; minutes < 31; minutes += 1) await of.finds({ phase: "Waiting" }, 60_000);
    const { length } = of.written;
    await of.finds({ phase: "Waiting" }, 60_000);
    assert.equal(of.written.length, length);
  });

  it("writes at most two a minute in the long run, whatever somebody else writes", async () => {
    const of = writer();
    for (let second = 0; second < 3600; second += 1) {
      of.reads({});
      await of.finds({ phase: "Waiting" }, 1000);
    }
    assert.ok(of.written.length >= 100 && of.written.length <= 126, `${of.written.length}`);
  });

  it("removes them where it is off, once", async () => {
    const of = writer({ isOn: false, carried: { Drained: { status: "True", reason: "", message: "" } } });
    await of.finds({ phase: "Waiting" });
    await of.finds({ phase: "Waiting" });
    assert.deepEqual(of.written, [[{ type: "Drained", $patch: "delete" }]]);
  });
});
