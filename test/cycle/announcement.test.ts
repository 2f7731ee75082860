import assert from "node:assert/strict";
import { announcement } from "../../daemon/cycle/announcement.ts";
import type { Need } from "../../daemon/host/need/need.ts";
import type { Holder } from "../../daemon/lock/lock.ts";
import { everyRow } from "../rows.ts";

const created = "2026-11-29T06:24:22.123Z";
const holders: Holder[] = [
  { nodeID: "n2", created: "2026-11-28T00:00:00.000Z" },
  { nodeID: "n1", created },
];
const cycle = "cycle since 2026-11-29T06:24:22Z";
const needed = (...reasons: string[]): Need => ({ state: "needed", source: "file", reasons });
const packages = (count: number) => Array.from({ length: count }, (_, index) => `p${index + 1}`);

describe("The announcement of a reboot", () => {
  it("names the node, the packages, a request, and the cycle", () =>
    everyRow(
      [
        ["packages", needed("libc6", "linux-image"), holders, `packages libc6, linux-image; ${cycle}`],
        [
          "many packages",
          needed(...packages(13)),
          holders,
          `packages ${packages(10).join(", ")} and 3 more; ${cycle}`,
        ],
        [
          "what is no package",
          needed("/run/reboot-needed", "cannot tell: it hangs"),
          holders,
          `/run/reboot-needed, cannot tell: it hangs; ${cycle}`,
        ],
        ["a file alone", needed(), holders, `the sentinel file says that a reboot is needed; ${cycle}`],
        [
          "a command",
          { ...needed(), source: "command" },
          holders,
          `the sentinel command says that a reboot is needed; ${cycle}`,
        ],
        [
          "a request",
          { state: "needed", source: "request", reasons: ["requested: firmware"], request: "firmware" },
          holders,
          `requested: firmware; ${cycle}`,
        ],
        [
          "a request and packages",
          { ...needed("requested: firmware", "libc6"), request: "firmware" },
          holders,
          `requested: firmware; packages libc6; ${cycle}`,
        ],
        ["an unknown need", { state: "unknown", why: "?" }, holders, `a reboot is needed; ${cycle}`],
        ["no lock", needed("libc6"), undefined, "packages libc6"],
        ["an entry without a time", needed("libc6"), [{ nodeID: "n1" }], "packages libc6"],
        [
          "an entry with no time",
          needed("libc6"),
          [{ nodeID: "n1", created: "\u001bnow" }],
          "packages libc6",
        ],
      ] as [string, Need, Holder[] | undefined, string][],
      (need, lock, text) =>
        assert.equal(announcement("n1", "full", need, lock), `rebooting node n1: ${text}`),
    ));

  it("is one short line without a character that a terminal obeys, whatever packages and requests say", () => {
    const hostile = needed(...packages(10).map((name) => `${name}\n\u001b[2J\u202e${"x".repeat(200)}\ud800`));
    const text = announcement("n1", "full", hostile, holders);
    assert.match(text, /^rebooting node n1: p1 \[2J x+[^\p{C}]*…; cycle since 2026-11-29T06:24:22Z$/u);
    assert.ok(text.length < 500, `${text.length}`);
  });
});
