import assert from "node:assert/strict";
import { reconnectsAfter } from "./restart.ts";

describe("Idle nodes whose API server starts anew", () => {
  for (const [how, isOrderly] of [
    ["in order", true],
    ["at once", false],
  ] as const) {
    it(`come back over a minute, where it ends their watches ${how}`, async () => {
      const watches = 600;
      const { mostASecond, allBackAfter } = await reconnectsAfter({ watches, downMs: 5000, isOrderly });
      assert.ok(mostASecond <= 40, `${mostASecond} in a second`);
      assert.ok(allBackAfter > 45 && allBackAfter <= 90, `all after ${allBackAfter} s`);
    });
  }
});
