import assert from "node:assert/strict";
import { execInPod, readPod, restartPod, runPod, startPodNode } from "./container.ts";
import { installHostFiles } from "./host-files.ts";
import type { Machine } from "./machine.ts";
import { type MachineCluster, startMachineCluster } from "./machine-cluster.ts";

describe("The component mirror on a real machine", () => {
  let cluster: MachineCluster;
  let machine: Machine;

  before(async () => {
    cluster = await startMachineCluster();
    machine = await startPodNode(cluster, "m1", ["/bin/ls"]);
  });
  after(() => cluster?.stop());

  const run = (script: string) => machine.exec("sh", "-ec", script);
  /** Name, kind and text of all that is in the folder. */
  const shown = () => run("cd /run/rebootd; for one in *; do [ ! -e $one ] || echo $one: $(cat $one); done");
  const shows = (what: string) =>
    cluster.eventually(`the mirror shows ${what || "nothing"}`, async () => (await shown()) === what, 15);

  it("does not start the pod before the node has its units", async () => {
    await runPod(cluster, "m1", readPod(["mirror"])).catch(() => {});
    await cluster.eventually("it is tried", async () => /status=1/.test(await cluster.logOf("m1")));
    await machine.exec("systemctl", "stop", "rebootd");
    assert.doesNotMatch(await cluster.logOf("m1"), /rebootd started/);
  });

  describe("with its units", () => {
    before(() => installHostFiles(machine, "mirror"));
    afterEach(async () => {
      await run(
        "rm -rf /run/reboot-required /run/reboot-required.pkgs /run/reboot-needed /run/transactional-update.pid /run/tukit.lock",
      );
      await shows("");
    });

    it("shows that a reboot is needed, for which packages, and that it is not any more", async () => {
      await run("echo '*** System restart required ***' > /run/reboot-required");
      await run("echo libc6 >> /run/reboot-required.pkgs");
      await shows("reboot-required:\nreboot-required.pkgs: libc6");
      await run("echo linux-image >> /run/reboot-required.pkgs");
      await shows("reboot-required:\nreboot-required.pkgs: libc6 linux-image");
      await run("rm /run/reboot-required");
      await shows("");
    });

    it("shows SUSE's file too", async () => {
      await run("touch /run/reboot-needed");
      await shows("reboot-needed:");
    });

    it("shows that an update of SUSE's transactional systems runs, before it needs a reboot", async () => {
      await run("echo 4711 > /run/transactional-update.pid");
      await shows("transactional-update.pid:");
      await run("touch /run/reboot-needed /run/tukit.lock");
      await shows("reboot-needed:\ntransactional-update.pid:\ntukit.lock:");
      await run("rm /run/transactional-update.pid /run/tukit.lock");
      await shows("reboot-needed:");
    });

    it("shows what is true in the end where it changes at once", async () => {
      await run("for n in $(seq 50); do touch /run/reboot-required; rm /run/reboot-required; done");
      await shows("");
      await run(
        "for n in $(seq 50); do touch /run/reboot-required; rm /run/reboot-required; done; touch /run/reboot-required",
      );
      await shows("reboot-required:");
    });

    it("copies nothing that a link leads to", async () => {
      await run(
        "echo secret > /run/secret; ln -s /run/secret /run/reboot-required.pkgs; ln -s /run/secret /run/reboot-required",
      );
      await shows("reboot-required:");
    });

    it("is not held up by a pipe, and cuts what is too long", async () => {
      await run("mkfifo /run/reboot-required.pkgs; touch /run/reboot-required");
      await shows("reboot-required:");
      await run("rm /run/reboot-required.pkgs; yes x | head -c 100000 > /run/reboot-required.pkgs");
      const size = async () => Number(await run("stat -c %s /run/rebootd/reboot-required.pkgs || echo 0"));
      await cluster.eventually("it is copied", async () => (await size()) > 10_000, 15);
      assert.ok((await size()) <= 16_384, `${await size()}`);
    });

    it("takes it away when it is stopped, and leaves the folder, which pods have mounted", async () => {
      await run("touch /run/reboot-required");
      await shows("reboot-required:");
      await run("systemctl stop rebootd-mirror.path rebootd-mirror.service");
      assert.equal(await shown(), "");
      await run("rm /run/reboot-required; systemctl start rebootd-mirror.path");
    });

    it("has no process while no reboot is needed", async () => {
      await cluster.eventually("it has ended", async () =>
        /inactive/.test(await run("systemctl is-active rebootd-mirror.service || true")),
      );
      assert.equal(await run("systemctl is-active rebootd-mirror.path"), "active");
    });

    it("has the pod see nothing else of the host's /run, and reboot it", async () => {
      const { bootIDs, eventually, nodeOf, recordOf, logOf } = cluster;
      await restartPod(cluster, "m1", readPod(["mirror", "seccomp"]), /Idle: no reboot is needed/);
      assert.equal(await execInPod(machine, "/bin/ls", "-A", "/host/run"), "");
      await run("echo libc6 > /run/reboot-required.pkgs; touch /run/reboot-required");
      await eventually("it has rebooted", async () => bootIDs("m1").length === 2);
      await eventually("it is given back", async () => (await recordOf("m1"))?.phase === "Idle");
      assert.match(JSON.stringify(await recordOf("m1")), /rebooted/);
      assert.equal((await nodeOf("m1")).spec?.unschedulable, undefined);
      assert.equal(await shown(), "");
      assert.match(await logOf("m1"), /Idle: no reboot is needed/);
    });
  });
});
