import assert from "node:assert/strict";
import fc from "fast-check";
import { contract } from "../../daemon/annotations/names.ts";
import { type Limits, refusal } from "../../daemon/lock/limits.ts";
import {
  enter,
  type Holder,
  holdersOf,
  holds,
  isManual,
  type LockValue,
  leave,
  lockAfter,
  parseLock,
  writeLock,
} from "../../daemon/lock/lock.ts";

const now = Date.parse("2026-11-24T12:00:00Z");
const created = "2026-11-24T11:00:00Z";
const names = ["n1", "n2", "n3", "n4", "n5"];

/** The zones of the nodes; one has none. */
const zones: Record<string, string | undefined> = { n1: "a", n2: "a", n3: "b", n4: "b" };

function refusedIn(lock: LockValue, name: string, limits: Limits) {
  const zone = zones[name];
  const labels = zone === undefined ? {} : { [contract.zone.key]: zone };
  return refusal({ lock, waiting: { identity: { name }, labels }, view: {}, limits }, now);
}

const anyHolder: fc.Arbitrary<Holder> = fc.record(
  {
    nodeID: fc.constantFrom(...names),
    metadata: fc.record({ unschedulable: fc.boolean() }),
    created: fc.constant(created),
    TTL: fc.constantFrom(0, 0, 60e9),
    concurrency: fc.integer({ min: 1, max: 5 }),
    foreign: fc.jsonValue(),
  },
  { requiredKeys: ["nodeID"] },
) as fc.Arbitrary<Holder>;

const anyLock: fc.Arbitrary<LockValue> = fc
  .array(anyHolder, { maxLength: 3 })
  .chain((locks) => fc.constantFrom(undefined, { maxOwners: 2, locks }, ...locks))
  .map((value) => parseLock(value === undefined ? undefined : JSON.stringify(value)));

describe("Any value of the lock", () => {
  it("is read as it was written, with all fields of others, and never makes the reader fail", () => {
    fc.assert(
      fc.property(
        fc.array(anyHolder, { maxLength: 6 }),
        fc.integer({ min: 1, max: 5 }),
        anyLock,
        (holders, concurrency, before) => {
          const lock = parseLock(writeLock({ holders, concurrency }, before) ?? undefined);
          // Through JSON, as -0 and undefined do not survive it.
          assert.deepEqual(holdersOf(lock), JSON.parse(JSON.stringify(holders)));
          // So is the value that is known without writing it.
          assert.deepEqual(lock, JSON.parse(JSON.stringify(lockAfter({ holders, concurrency }, before))));
        },
      ),
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json(),
          fc.jsonValue().map((value) => JSON.stringify(value)),
        ),
        (annotation) => {
          const lock = parseLock(annotation);
          refusedIn(lock, "n1", { concurrency: 1, maxPerZone: 1, maxPerPool: 1 });
          holds(lock, { name: "n1" }, now);
        },
      ),
    );
  });

  const step = fc.record({
    node: fc.constantFrom(...names),
    concurrency: fc.integer({ min: 1, max: 4 }),
    maxPerZone: fc.option(fc.integer({ min: 1, max: 2 }), { nil: undefined }),
    what: fc.constantFrom("enter", "enter", "leave", "setByHand", "freeByHand"),
  });
  /** A small model of the lock: who is in, under which limit, and whether a person has locked. */
  it("drops no live holder and has no more than the strictest one allows, whoever enters and leaves", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        let annotation: string | null = null;
        const inside = new Map<string, Limits>();
        let byHand = false;
        for (const { node, what, ...limits } of steps) {
          const lock = parseLock(annotation ?? undefined);
          const [self, zone] = [{ name: node }, zones[node]];
          const { concurrency } = limits;
          const write = (holders: readonly Holder[]) => writeLock({ holders, concurrency }, lock);
          const holders = holdersOf(lock);
          if (what === "leave") {
            annotation = write(leave(holders, self));
            inside.delete(node);
          } else if (what === "setByHand") {
            annotation = write([...holders, { nodeID: "manual" }]);
            byHand = true;
          } else if (what === "freeByHand") {
            annotation = write(holders.filter((holder) => !isManual(holder)));
            byHand = false;
          } else if (!holds(lock, self, now) && refusedIn(lock, node, limits) === undefined) {
            assert.ok(!byHand);
            const entry = {
              nodeID: node,
              created,
              TTL: 0,
              concurrency,
              ...(zone && { zone }),
            };
            annotation = write(enter(holders, entry, now));
            inside.set(node, limits);
            const mates = [...inside.keys()].filter((name) => (zones[name] ?? zone) === zone);
            if (zone !== undefined) assert.ok(mates.length <= (limits.maxPerZone ?? 9));
          }
          const after = parseLock(annotation ?? undefined);
          for (const name of names) assert.equal(holds(after, { name }, now), inside.has(name), name);
          const strictest = Math.min(...[...inside.values()].map((one) => one.concurrency));
          assert.ok(
            inside.size <= strictest || inside.size === 0,
            `${inside.size} inside, limit ${strictest}`,
          );
        }
      }),
      { numRuns: 1000 },
    );
  });
});
