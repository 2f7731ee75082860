import assert from "node:assert/strict";
import { mkdtemp, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { updateGate } from "../../daemon/gates/update.ts";
import { updateUnderWay } from "../../daemon/host/need/update-under-way.ts";
import { systemClock } from "../../daemon/time/clock.ts";
import { context } from "./builders.ts";

const { signal } = new AbortController();
const hour = 3_600_000;

describe("The update gate", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "rebootd-update-"));
  });
  afterEach(() => rm(folder, { recursive: true }));

  const asked = async (now = Date.now()) => {
    const files = ["transactional-update.pid", "tukit.lock"].map((name) => join(folder, name));
    return await updateGate(updateUnderWay(files, systemClock)).check(context(now), signal);
  };

  it("is open without the file of an update", async () => {
    assert.deepEqual(await asked(), { open: true });
  });

  it("is closed while a file of an update is there, and names it", async () => {
    for (const name of ["tukit.lock", "transactional-update.pid"]) {
      const file = join(folder, name);
      await writeFile(file, "");
      const message = `an update of the host is under way: ${file} exists`;
      assert.deepEqual(await asked(), { open: false, code: "under-way", message });
      await rm(file);
    }
  });

  it("is open again after six hours: a program that was killed leaves its file behind", async () => {
    await writeFile(join(folder, "tukit.lock"), "");
    assert.equal((await asked(Date.now() + 5 * hour)).open, false);
    assert.equal((await asked(Date.now() + 6 * hour)).open, true);
    // The clock was set back since.
    assert.equal((await asked(Date.now() - 7 * hour)).open, true);
  });

  it("counts a new file beside one that was left behind", async () => {
    await writeFile(join(folder, "transactional-update.pid"), "");
    await utimes(join(folder, "transactional-update.pid"), new Date(), new Date(Date.now() - 9 * hour));
    assert.equal((await asked()).open, true);
    await writeFile(join(folder, "tukit.lock"), "");
    assert.equal((await asked()).open, false);
  });

  it("cannot tell where the files cannot be looked at", async () => {
    await writeFile(join(folder, "file"), "");
    const gate = updateGate(updateUnderWay([join(folder, "file/lock")], systemClock));
    await assert.rejects(gate.check(context(0), signal), /ENOTDIR/);
  });
});
