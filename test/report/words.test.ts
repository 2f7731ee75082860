import assert from "node:assert/strict";
import { createWords } from "../../daemon/report/words.ts";

describe("A sentence of the loop", () => {
  const minute = 60_000;

  function told() {
    let now = 0;
    const words = createWords({ elapsed: () => now });
    return (at: number, why: string, decision: readonly unknown[] = ["Draining"]) => {
      now = at;
      return words.isNews(decision, why);
    };
  }

  it("is news once, however often it is decided", () => {
    const isNews = told();
    assert.deepEqual(
      [0, minute, 60 * minute].map((at) => isNews(at, "3 pods remain")),
      [true, false, false],
    );
  });

  it("is news after a minute if only its numbers or names are others", () => {
    const isNews = told();
    const words: [at: number, why: string, isNews: boolean][] = [
      [0, "3 pods remain: a, b, c", true],
      [1000, "2 pods remain: b, c", false],
      [minute - 1, "2 pods remain: b, c", false],
      [minute, "2 pods remain: b, c", true],
      [minute + 1, "3 pods remain", false],
    ];
    for (const [at, why, expected] of words) assert.equal(isNews(at, why), expected, `${at} ${why}`);
  });

  it("is news at once if it is another one, or of another decision", () => {
    const isNews = told();
    assert.ok(isNews(0, "the node is not Ready"));
    assert.ok(isNews(1, "the kubelet has not yet reported this boot"));
    assert.ok(isNews(2, "1 node holds the lock"));
    assert.ok(isNews(3, "2 nodes hold the lock"));
    assert.ok(!isNews(4, "3 nodes hold the lock"));
    assert.ok(isNews(5, "4 nodes hold the lock", ["Waiting"]));
  });
});
