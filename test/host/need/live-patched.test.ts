import assert from "node:assert/strict";
import type { Argv, Exec } from "../../../daemon/host/exec.ts";
import { livePatched, patchedLive } from "../../../daemon/host/need/live-patched.ts";
import type { Need } from "../../../daemon/host/need/need.ts";
import { systemClock } from "../../../daemon/time/clock.ts";
import { everyRow } from "../../rows.ts";

const { signal } = new AbortController();
const needed: Need = { state: "needed", source: "file", reasons: ["linux-image-6.8.0-40-generic"] };

/** What `pro api u.pro.security.status.reboot_required.v1` prints: https://github.com/canonical/ubuntu-pro-client */
const answer = (rebootRequired: string) =>
  `{"_schema_version": "v1", "data": {"attributes": {"livepatch_enabled": true, "livepatch_enabled_and_kernel_patched": true, "livepatch_state": "applied", "livepatch_support": "supported", "reboot_required": "${rebootRequired}", "reboot_required_packages": {"kernel_packages": ["linux-image-6.8.0-40-generic"], "standard_packages": null}}, "meta": {"environment_vars": []}, "type": "RebootRequired"}, "errors": [], "result": "success", "version": "32.3", "warnings": []}`;

function onUbuntu(exec: Exec, need: () => Need = () => needed) {
  let now = 0;
  const ran: Argv[] = [];
  const source = livePatched(
    { check: async () => need(), watch: () => {}, precheck: async () => undefined },
    {
      exec: (argv, ...rest) => {
        ran.push(argv);
        return exec(argv, ...rest);
      },
      onHost: (argv) => ["enter", ...argv],
      clock: { ...systemClock, elapsed: () => now },
      ageMaxMs: 1000,
    },
  );
  return { source, ran, pass: (ms: number) => (now += ms), check: () => source.check(true, signal) };
}

describe("A need on a host with Ubuntu's Pro client", () => {
  it("may wait where the client says that the kernel is patched live, and says so", async () => {
    const { check, ran } = onUbuntu(async () => ({
      code: 0,
      output: answer("yes-kernel-livepatches-applied"),
    }));
    assert.deepEqual(await check(), {
      state: "needed",
      source: "file",
      reasons: [patchedLive, "linux-image-6.8.0-40-generic"],
      urgency: "low",
    });
    assert.deepEqual(ran, [["enter", "pro", "api", "u.pro.security.status.reboot_required.v1"]]);
  });

  const rows: [name: string, exec: Exec][] = [
    ["a yes", async () => ({ code: 0, output: answer("yes") })],
    ["a no, though the file is there", async () => ({ code: 0, output: answer("no") })],
    ["no client", async () => ({ code: 127, output: "nsenter: failed to execute pro: No such file" })],
    ["an error", async () => ({ code: 1, output: answer("yes-kernel-livepatches-applied") })],
    ["a client that is stuck", () => Promise.reject(new Error("timed out after 20 s"))],
  ];
  it("has its usual urgency with any other answer", () =>
    everyRow(rows, async (exec) => assert.deepEqual(await onUbuntu(exec).check(), needed)));

  it("asks the client only while there is a need, and only once in a while", async () => {
    let need: Need = { state: "not-needed" };
    const { check, ran, pass } = onUbuntu(
      async () => ({ code: 0, output: answer("yes") }),
      () => need,
    );
    await check();
    assert.equal(ran.length, 0);
    need = needed;
    await check();
    await check();
    assert.equal(ran.length, 1);
    pass(1000);
    await check();
    assert.equal(ran.length, 2);
  });
});
