import assert from "node:assert/strict";
import fc from "fast-check";
import {
  enter,
  type Holder,
  holds,
  isManual,
  leave,
  parseLock,
  refusal,
  writeLock,
} from "../../daemon/lock/slots.ts";

const now = Date.parse("2026-11-24T12:00:00Z");
const names = ["n1", "n2", "n3", "n4", "n5"];

const anyHolder: fc.Arbitrary<Holder> = fc.record(
  {
    nodeID: fc.constantFrom(...names),
    metadata: fc.record({ unschedulable: fc.boolean() }),
    created: fc.constant("2026-11-24T11:00:00Z"),
    TTL: fc.constantFrom(0, 0, 60e9),
    foreign: fc.jsonValue(),
  },
  { requiredKeys: ["nodeID"] },
) as fc.Arbitrary<Holder>;

describe("Whatever is in the lock", () => {
  it("is read as it was written, with all that others added", () => {
    fc.assert(
      fc.property(
        fc.array(anyHolder, { maxLength: 6 }),
        fc.integer({ min: 1, max: 5 }),
        (holders, concurrency) => {
          const lock = parseLock(writeLock(holders, concurrency) ?? undefined);
          // Through JSON, as -0 and undefined do not survive it.
          assert.deepEqual(lock, { state: "readable", holders: JSON.parse(JSON.stringify(holders)) });
        },
      ),
    );
  });

  it("never makes the reader fail", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json(),
          fc.jsonValue().map((value) => JSON.stringify(value)),
        ),
        (annotation) => {
          const lock = parseLock(annotation);
          refusal(lock, { nodeID: "n1" }, 1, now);
          holds(lock, { nodeID: "n1" }, now);
        },
      ),
    );
  });
});

describe("Whoever enters and leaves, with whatever limit", () => {
  const step = fc.record({
    node: fc.constantFrom(...names),
    limit: fc.integer({ min: 1, max: 4 }),
    what: fc.constantFrom("enter", "enter", "leave", "setByHand", "freeByHand"),
  });

  it("no live holder is dropped, and nobody enters above their own limit", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        let annotation: string | null = null;
        const inside = new Set<string>();
        let byHand = false;
        for (const { node, limit, what } of steps) {
          const lock = parseLock(annotation ?? undefined);
          assert.ok(lock.state === "readable");
          const self = { nodeID: node };
          const { holders } = lock;
          if (what === "leave") {
            annotation = writeLock(leave(holders, self), limit);
            inside.delete(node);
          } else if (what === "setByHand") {
            annotation = writeLock([...holders, { nodeID: "manual" }], limit);
            byHand = true;
          } else if (what === "freeByHand") {
            annotation = writeLock(
              holders.filter((holder) => !isManual(holder)),
              limit,
            );
            byHand = false;
          } else if (!holds(lock, self, now) && refusal(lock, self, limit, now) === undefined) {
            assert.ok(!byHand);
            assert.ok(inside.size < limit, `${inside.size} inside, limit ${limit}`);
            annotation = writeLock(
              enter(holders, { nodeID: node, created: "2026-11-24T11:00:00Z", TTL: 0 }, now),
              limit,
            );
            inside.add(node);
          }
          const after = parseLock(annotation ?? undefined);
          for (const name of names) assert.equal(holds(after, { nodeID: name }, now), inside.has(name), name);
        }
      }),
      { numRuns: 500 },
    );
  });
});
