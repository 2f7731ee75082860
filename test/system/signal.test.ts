import assert from "node:assert/strict";
import { execInPod, readPod, restartPod, startPodNode, statusOf } from "./container.ts";
import { type MachineCluster, startMachineCluster } from "./machine-cluster.ts";

/** The numbers of errors. */
const [done, notPermitted] = ["0", "1"];

/** `kills`: what comes of a signal to another process of the host that runs as root. */
const forms = [
  { components: ["signal"], kills: done },
  { components: ["signal", "seccomp"], kills: notPermitted },
];

for (const { components, kills } of forms) {
  describe(`The pod with ${components.join(" and ")} on a real machine`, () => {
    let cluster: MachineCluster;
    before(async () => {
      cluster = await startMachineCluster();
      await startPodNode(cluster, "m1", ["/usr/bin/perl"]);
      await restartPod(cluster, "m1", readPod(components), /Idle: no reboot is needed/);
    });
    after(() => cluster?.stop());

    it("has no capability, and sees the host's processes", async () => {
      const { CapEff, CapBnd, NSpid } = await statusOf(cluster.machine("m1"));
      assert.deepEqual([CapEff, CapBnd], ["0".repeat(16), "0".repeat(16)]);
      assert.match(`${NSpid}`, /^\d+$/);
      assert.equal(
        await execInPod(cluster.machine("m1"), "/usr/bin/perl", "-pe", "", "/proc/1/comm"),
        "systemd",
      );
    });

    it(`${kills === done ? "may" : "may not"} signal the host's other processes of root`, async () => {
      const pid = await cluster.machine("m1").exec("systemctl", "show", "-P", "MainPID", "systemd-logind");
      const numbers: Partial<Record<string, [kill: number, tgkill: number]>> = {
        x64: [62, 234],
        arm64: [129, 131],
      };
      const [kill, tgkill] = numbers[process.arch] ?? assert.fail(process.arch);
      for (const args of [`${kill}, ${pid}, 0`, `${tgkill}, ${pid}, ${pid}, 0`]) {
        const script = `$! = 0; syscall(${args}); syswrite(STDOUT, 0 + $!)`;
        assert.equal(await execInPod(cluster.machine("m1"), "/usr/bin/perl", "-e", script), kills, args);
      }
    });

    it("reboots the machine by the signal, and gives the node back", async () => {
      const { bootIDs, eventually, nodeOf, recordOf } = cluster;
      await cluster.wantReboot("m1", ["libc6"]);
      await eventually("it has rebooted", async () => bootIDs("m1").length === 2);
      await eventually("it is given back", async () => (await recordOf("m1"))?.phase === "Idle");
      const [line = ""] = await cluster.noticesBefore("m1", "rebootd");
      assert.match(line, /^rebooting node m1: packages libc6; cycle since /);
      assert.equal((await nodeOf("m1")).spec?.unschedulable, undefined);
    });
  });
}
