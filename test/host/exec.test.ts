import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createExec, onHost } from "../../daemon/host/exec.ts";
import { systemClock } from "../../daemon/time/clock.ts";
import { withDeadline } from "../../daemon/time/deadline.ts";

const { signal } = new AbortController();
const exec = createExec(systemClock);
let folder: string;

/** A process of nobody may stay as a zombie, if process 1 does not wait for it. */
async function hasEnded(pid: number): Promise<boolean> {
  const status = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "(gone) Z");
  return / Z/.test(status);
}

describe("A command", () => {
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "rebootd-exec-"));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it("is killed at its deadline", async () => {
    await assert.rejects(
      exec(["/bin/sleep", "60"], 20, signal),
      /running \/bin\/sleep 60: timed out after 0.02 s/,
    );
  });

  it("is killed with its children", async () => {
    const script = `sleep 60 & echo $! > ${folder}/pid; wait`;
    await assert.rejects(exec(["/bin/sh", "-c", script], 200, signal), /timed out after 0.2 s/);
    const pid = Number(await readFile(join(folder, "pid"), "utf8"));
    await withDeadline(systemClock, 1000, signal, "the end of the child", async (late) => {
      while (!(await hasEnded(pid))) await systemClock.sleep(5, late);
    });
  });

  it("may print more than is kept", async () => {
    const { code, output } = await exec(
      ["/bin/sh", "-c", "head -c 1000000 /dev/zero | tr '\\0' x"],
      5000,
      signal,
    );
    assert.equal(code, 0);
    assert.ok(output.length < 21_000, `${output.length}`);
  });

  it("keeps the beginning and the end of its output, and the number of characters between them", async () => {
    const { output } = await exec(["/bin/sh", "-c", "echo first; seq 20000; echo last"], 5000, signal);
    assert.match(output, /^first\n1\n2\n.*\n\[\d+ characters omitted\]\n.*\n20000\nlast$/s);
    const few = await exec(["/bin/sh", "-c", "seq 4000"], 5000, signal);
    assert.equal(few.output, Array.from({ length: 4000 }, (_, n) => n + 1).join("\n"));
  });

  it("enters the mount namespace of the host's process 1", () => {
    assert.deepEqual(onHost(["/bin/true"]), ["/usr/bin/nsenter", "-m/proc/1/ns/mnt", "--", "/bin/true"]);
  });
});
