import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const script = fileURLToPath(new URL("./kept-memory.ts", import.meta.url));
/** A leak of this size for each cycle, or each hour, must not pass; the measure is off by less than half of it. */
const keptMaxBytes = 700;

describe("A daemon keeps nothing", () => {
  let kept: { bytesPerHour: number; bytesPerCycle: number };
  before(async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [script], { timeout: 230_000 });
    kept = JSON.parse(stdout);
  });

  it("of an idle week", () =>
    assert.ok(kept.bytesPerHour < keptMaxBytes, `${kept.bytesPerHour} bytes an hour`));

  it("of hundreds of cycles that it has ended without a reboot", () =>
    assert.ok(kept.bytesPerCycle < keptMaxBytes, `${kept.bytesPerCycle} bytes a cycle`));
});
