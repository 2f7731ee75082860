import assert from "node:assert/strict";
import { parseOptions } from "./options.ts";

describe("The options of the demo", () => {
  it("have values without being named", () => {
    assert.deepEqual(parseOptions([]), {
      options: { nodes: 5, concurrency: 1, pods: 4, rebootSeconds: 3, keep: false, ui: false },
    });
  });

  it("are taken as they are given", () => {
    const args =
      "--nodes 7 --concurrency=2 --pods 0 --reboot-seconds 0.5 --report r.json --svg t.svg --keep --ui";
    assert.deepEqual(parseOptions(args.split(" ")), {
      options: {
        nodes: 7,
        concurrency: 2,
        pods: 0,
        rebootSeconds: 0.5,
        report: "r.json",
        svg: "t.svg",
        keep: true,
        ui: true,
      },
    });
  });

  const bad = [
    ["--nodes", "0"],
    ["--nodes", "many"],
    ["--nodes", "1e1"],
    ["--concurrency", "6"],
    ["--pods", "-1"],
    ["--reboot-seconds", "0"],
    ["--reboot-seconds", ""],
    ["--report", "/no/such/folder/r.json"],
    ["--svg", ""],
    ["--nodse", "3"],
    ["more"],
  ];
  for (const args of bad) {
    it(`are refused on one line with status 2: ${args.join(" ")}`, () => {
      const parsed = parseOptions(args);
      assert.ok("text" in parsed);
      assert.equal(parsed.exitCode, 2);
      assert.match(parsed.text, /^error: [^\n]+\n$/);
      assert.ok(args[0] && parsed.text.includes(args[0]));
      if (args[0] === "--nodse" || args[1] === undefined) return;
      const start = `error: invalid value ${JSON.stringify(args[1])} for ${args[0]}: must be `;
      assert.ok(parsed.text.startsWith(start), parsed.text);
      assert.match(parsed.text, /, for example \S+\n$/);
    });
  }

  it("are explained, with status 0", () => {
    const parsed = parseOptions(["--help"]);
    assert.ok("text" in parsed && parsed.exitCode === 0);
    assert.match(parsed.text, /--reboot-seconds <number> +how long a machine is down \(default: 3\)/);
  });
});
