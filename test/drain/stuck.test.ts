import assert from "node:assert/strict";
import type { Pod } from "../../daemon/cluster/objects.ts";
import type { EvictionRefusal } from "../../daemon/drain/evict.ts";
import { whyStillThere } from "../../daemon/drain/stuck.ts";
import { everyRow } from "../rows.ts";

const noon = Date.parse("2026-11-24T12:00:00Z");

interface Facts {
  /** When its grace ends, in seconds from now. */
  graceEndsIn?: number;
  finalizers?: string[];
  asked?: true;
  refused?: EvictionRefusal;
}

function why({ graceEndsIn, finalizers, asked, refused }: Facts): { code: string; why: string } {
  const deletionTimestamp = graceEndsIn && new Date(noon + graceEndsIn * 1000).toISOString();
  const pod: Pod = {
    metadata: { ...(deletionTimestamp && { deletionTimestamp }), ...(finalizers && { finalizers }) },
  };
  return whyStillThere(pod, { isRequested: asked === true, refused, now: noon, leftMs: 60_000 });
}

describe("A pod that is still there", () => {
  const rows: [facts: Facts, code: string, why: string][] = [
    [{}, "not-asked", "eviction not requested yet"],
    [{ asked: true }, "no-effect", "evicted, not yet terminating"],
    [
      { asked: true, refused: { by: "budget", why: "the budget db has no room" } },
      "budget",
      "the budget db has no room; add healthy pods, or lower what the budget requires",
    ],
    [
      { asked: true, refused: { by: "rule", why: 'webhook "x" denied it' } },
      "rule",
      'webhook "x" denied it; ask the owner of that rule',
    ],
    [
      { asked: true, refused: { by: "webhook", why: 'admission webhook "x" denied the request: no' } },
      "webhook",
      'admission webhook "x" denied the request: no; ask the owner of the webhook what it waits for',
    ],
    [
      { asked: true, refused: { by: "webhook-down", why: 'failed calling webhook "x": EOF' } },
      "webhook-down",
      'failed calling webhook "x": EOF; ask the owner of the webhook',
    ],
    [
      { asked: true, refused: { by: "rights", why: 'User "r" cannot create resource "pods/eviction"' } },
      "rights",
      'User "r" cannot create resource "pods/eviction"; grant the daemon\'s service account this right, as manifests/base and components/delete-pods do',
    ],
    [{ asked: true, refused: { by: "server", why: "500: trouble" } }, "server", "500: trouble"],
    [{ graceEndsIn: 20 }, "ending", "is terminating"],
    [{ graceEndsIn: 20, finalizers: ["example.com/x"] }, "ending", "is terminating"],
    [
      { graceEndsIn: -1, finalizers: ["example.com/x"] },
      "finalizer",
      "finalizer example.com/x blocks deletion; its owner must remove it",
    ],
    [
      { graceEndsIn: -1, finalizers: ["example.com/x", "example.com/y"] },
      "finalizer",
      "finalizers example.com/x, example.com/y block deletion; their owners must remove them",
    ],
    [{ graceEndsIn: -5 }, "ending", "is terminating"],
    [
      { graceEndsIn: -90 },
      "kubelet",
      "should have ended at 2026-11-24T11:58:30Z; check the kubelet of its node",
    ],
    [
      { graceEndsIn: 3600 },
      "long-grace",
      "has a grace period until 2026-11-24T13:00:00Z, after the deadline of the drain; raise --drain-timeout",
    ],
  ];
  it("remains for a reason that its owner can act on", () =>
    everyRow(
      rows.map((row) => [JSON.stringify(row[0]), ...row] as const),
      (facts, code, message) => assert.deepEqual(why(facts), { code, why: message }),
    ));
});
