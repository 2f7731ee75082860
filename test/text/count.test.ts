import assert from "node:assert/strict";
import { count } from "../../daemon/text/count.ts";

describe("A count", () => {
  it("has the right plural", () => {
    assert.deepEqual(
      [0, 1, 2].map((number) => count(number, "pod")),
      ["0 pods", "1 pod", "2 pods"],
    );
    assert.deepEqual(
      [1, 2].map((number) => count(number, "pod is", "pods are")),
      ["1 pod is", "2 pods are"],
    );
  });
});
