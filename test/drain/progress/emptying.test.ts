import { a, gone, listed, play, pod, type Row, seen, tick } from "./play.ts";

describe("The end of a drain", () => {
  const rows: Record<string, Row[]> = {
    "comes on an empty node when no pod has come for 2 s": [
      [0, listed(), "wait 2"],
      [2, tick, "notify"],
    ],
    "comes 2 s after a pod that came late, and was evicted": [
      [0, listed(), "wait 2"],
      [1, seen(a), "evict a"],
      [1.5, gone(a), "wait 3"],
      [3, tick, "notify"],
    ],
    "is taken back for a pod that comes when the node was empty": [
      [0, listed(), "wait 2"],
      [2, tick, "notify"],
      [9, seen(a), "evict a, notify"],
      [9.5, gone(a), "wait 11"],
      [11, tick, "notify"],
    ],
    "does not wait for a finished pod, which is evicted whatever its tier": [
      [0, listed(pod("f", { phase: "Failed", tier: "system-node-critical" }), a), "evict f, evict a"],
      [1, gone(a), "wait 2"],
      [2, tick, "notify"],
    ],
    "does not wait for a pod that finishes while it is terminating, and has a finalizer": [
      [0, listed(a), "evict a"],
      [1, seen(pod("a", { ends: 31 })), ""],
      [3, seen(pod("a", { ends: 31, phase: "Succeeded" })), "notify"],
    ],
    "waits for the volumes of pods that went, and of no pod that stays": [
      [
        0,
        listed(
          pod("v", { claim: "data" }),
          pod("d", { claim: "logs", verdict: { do: "leave", reasons: ["daemonset"] } }),
          pod("w", { claim: "logs" }),
        ),
        "evict v, evict w",
      ],
      [1, gone(pod("v")), ""],
      [4, gone(pod("w")), "detach shop/data until 124"],
      [5, { type: "attached", volumes: ["pv (csi)"] }, "notify"],
      [9, { type: "detached", claims: ["shop/data"] }, "notify"],
    ],
    "waits again for the volume of a pod that comes meanwhile": [
      [0, listed(pod("v", { claim: "data" })), "evict v"],
      [4, gone(pod("v")), "detach shop/data until 124"],
      [5, seen(pod("x", { claim: "more", made: 4 })), "evict x"],
      [6, { type: "detached", claims: ["shop/data"] }, ""],
      [8, gone(pod("x")), "detach shop/more until 128"],
      [9, { type: "detached", claims: ["shop/more"] }, "notify"],
    ],
  };
  for (const [what, played] of Object.entries(rows)) it(what, () => void play(played));

  it("does not wait longer than --skip-wait-for-delete-timeout for a terminating pod", () => {
    play(
      [
        [0, listed(pod("a", { ends: 5 })), "wait 15.001"],
        [15.001, tick, "notify"],
      ],
      { skipWaitForDeleteMs: 10_000 },
    );
  });

  it("does not wait for volumes where --drain-volume-timeout is 0", () => {
    const v = pod("v", { claim: "data" });
    play(
      [
        [0, listed(v), "evict v"],
        [4, gone(v), "notify"],
      ],
      { volumeTimeoutMs: 0 },
    );
  });
});
