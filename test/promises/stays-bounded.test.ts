import assert from "node:assert/strict";
import { minutes, nodeObject, stage } from "./builders.ts";
import { staysBounded } from "./stays-bounded.ts";

describe("P12, bounded whatever breaks, is broken by", () => {
  it("more requests within a minute than a drain may need", () => {
    const made = stage();
    const checker = staysBounded(made.look);
    for (let n = 0; n < 150; n += 1) checker.onRequest?.("n1", "/api/v1/nodes/n1");
    assert.deepEqual(made.broken(), []);
    checker.onRequest?.("n1", "/api/v1/nodes/n1");
    assert.deepEqual(made.broken(), ["requests stay bounded"]);
  });

  it("more requests than a few a minute, where nothing changes for ten", () => {
    const asked = (everyMs: number) => {
      const made = stage();
      const checker = staysBounded(made.look);
      for (let ms = 0; ms <= minutes(15); ms += everyMs) {
        checker.onRequest?.("n1", "/api/v1/nodes/n1");
        made.now += everyMs;
      }
      return made.broken();
    };
    assert.deepEqual(asked(3000), ["requests stay bounded"]);
    assert.deepEqual(asked(5000), []);
  });

  it("more evictions of one controller's pods than a storm has", () => {
    const made = stage();
    const checker = staysBounded(made.look);
    for (let n = 1; n <= 15; n += 1) checker.onEviction?.("n1", "web", `pod-${n}`);
    for (let n = 1; n <= 15; n += 1) checker.onEviction?.("n1", "web", "pod-1");
    assert.deepEqual(made.broken(), []);
    checker.onEviction?.("n1", "web", "pod-16");
    assert.deepEqual(made.broken(), ["evictions stay bounded"]);
  });

  it("a ninth cordon within an hour; one that led to a reboot does not count", () => {
    const made = stage();
    const checker = staysBounded(made.look);
    for (let n = 1; n <= 8; n += 1) checker.onCordoned?.("n1", "daemon");
    const object = nodeObject("n1", { record: { phase: "Returning" } });
    checker.onNode?.({ name: "n1", writer: "n1", isRestored: false, object, previous: object });
    checker.onCordoned?.("n1", "daemon");
    assert.deepEqual(made.broken(), []);
    checker.onCordoned?.("n1", "daemon");
    assert.deepEqual(made.broken(), ["cordons stay bounded"]);
  });
});
