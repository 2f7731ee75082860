import assert from "node:assert/strict";
import { contract } from "../../daemon/annotations/names.ts";
import { daemonUser, daemonUserOn } from "../world/manifests.ts";
import { execInPod, type PodTemplate, readPod, runPod, startPodNode, statusOf } from "./container.ts";
import type { Machine } from "./machine.ts";
import { type MachineCluster, startMachineCluster } from "./machine-cluster.ts";

const forms: { title: string; components: string[]; denies: Deed[] }[] = [
  { title: "The pod of manifests/base on a real machine", components: [], denies: ["kcmp"] },
  {
    title: "The pod with components/seccomp on a real machine",
    components: ["seccomp"],
    denies: ["kcmp", "unshare", "mount", "ptrace", "mkdir", "fork", "tgkill"],
  },
];

type Deed = keyof typeof deeds;

/** System calls that need no capability, or fail for something else before: their numbers, and what they are called with. */
const deeds = {
  kcmp: { x64: 312, arm64: 272, args: "$$, $$, 1, 0, 0" },
  unshare: { x64: 272, arm64: 97, args: "0x10000000" },
  mount: { x64: 165, arm64: 40, args: "0, 0, 0, 0, 0" },
  ptrace: { x64: 101, arm64: 117, args: "16, 0, 0, 0" },
  mkdir: { x64: 258, arm64: 34, args: "-100, $folder, 0700" },
  fork: { x64: 56, arm64: 220, args: "17, 0, 0, 0, 0" },
  tgkill: { x64: 234, arm64: 131, args: "$$, $$, 0" },
};
const [notPermitted, readOnly] = ["1", "30"];

for (const { title, components, denies } of forms) {
  describe(title, () => {
    let cluster: MachineCluster;
    let pod: PodTemplate;

    before(async () => {
      cluster = await startMachineCluster();
      await startPodNode(cluster, "m1", ["/usr/bin/perl"]);
      pod = readPod(components);
    });
    after(() => cluster?.stop());

    const restart = async (template: PodTemplate, says: RegExp) => {
      await runPod(cluster, "m1", template);
      await cluster.eventually(`it says ${says}`, async () => says.test(await cluster.logOf("m1")));
    };

    /** The number of the error that this ends with, in the container. */
    const inPerl = (code: string) =>
      execInPod(cluster.machine("m1"), "/usr/bin/perl", "-e", `$! = 0; ${code}; syswrite(STDOUT, 0 + $!)`);

    it("ends with a clear message where it has not the host's D-Bus", async () => {
      const [container, ...none] = pod.spec.containers;
      assert.ok(container && none.length === 0);
      const volumeMounts = container.volumeMounts?.filter(({ name }) => name !== "dbus") ?? [];
      assert.notEqual(volumeMounts.length, container.volumeMounts?.length);
      const spec = { ...pod.spec, containers: [{ ...container, volumeMounts }] };
      await restart(
        { ...pod, spec },
        /"logind" for REBOOTD_REBOOT_METHOD.*no D-Bus socket at \/run\/dbus[\s\S]*status=2/,
      );
    });

    it("has no capability, no way to more, process IDs of its own, and nothing that it may write to", async () => {
      await restart(pod, /Idle: no reboot is needed/);
      const machine = cluster.machine("m1");
      const { CapEff, CapPrm, CapBnd, NoNewPrivs, Seccomp, Seccomp_filters, Uid, NSpid } =
        await statusOf(machine);
      const none = "0".repeat(16);
      assert.deepEqual([CapEff, CapPrm, CapBnd], [none, none, none]);
      assert.deepEqual([NoNewPrivs, Seccomp], ["1", "2"]);
      assert.match(`${Uid}`, /^0\s/);
      assert.match(`${NSpid}`, /^\d+\s1$/);
      const filters = Number(Seccomp_filters) - Number(await filtersOf(machine));
      assert.ok(filters > 0, "the machine's own filters are there without it too");
      for (const folder of ["", "/host/run", "/run/dbus"]) {
        assert.equal(await inPerl(`open(F, ">", "${folder}/written")`), readOnly, folder);
      }
    });

    for (const [name, { args, ...numbers }] of Object.entries(deeds)) {
      const isDenied = denies.includes(name as Deed);
      it(`${isDenied ? "is denied" : "may call"} ${name}`, async () => {
        const number = numbers[process.arch as "x64" | "arm64"];
        const said = await inPerl(`my $folder = "/dev/shm/made"; syscall(${number}, ${args})`);
        assert.equal(said === notPermitted, isDenied, said);
      });
    }

    it(`${denies.includes("fork") ? "cannot start a program" : "may start a program"}, which is how to check it`, async () => {
      const start = 'child_process.spawnSync("/usr/local/bin/node").error?.code';
      const said = await execInPod(cluster.machine("m1"), "/usr/local/bin/node", "-p", start);
      assert.equal(said, denies.includes("fork") ? "EPERM" : "undefined");
    });

    it("ends where it gives up, as when there is no memory left", async () => {
      const giveUp = execInPod(cluster.machine("m1"), "/usr/local/bin/node", "-e", "process.abort()");
      // By SIGABRT; or, where that may not be sent, by the instruction after it, which is none.
      await assert.rejects(giveUp, denies.includes("tgkill") ? /ended with 139/ : /ended with 134/);
    });

    it("reboots the machine by logind with the admission policies in force, and gives the node back afterwards", async () => {
      const { bootIDs, eventually, nodeOf, recordOf, server, signal } = cluster;
      await cluster.wantReboot("m1");
      await eventually("it is cordoned", async () => (await nodeOf("m1")).spec?.unschedulable === true);
      await eventually("it has rebooted", async () => bootIDs("m1").length === 2);
      await eventually("it is given back", async () => (await recordOf("m1"))?.phase === "Idle");
      assert.equal((await nodeOf("m1")).spec?.unschedulable, undefined);
      assert.equal(new Set(bootIDs("m1")).size, 2);
      const asked = server.api.ledger.entries({ user: daemonUser.name });
      assert.deepEqual(
        asked.filter(({ status }) => status === 403 || status === 422),
        [],
      );
      const annotate = (key: string) => ({ metadata: { annotations: { [key]: "x" } } });
      for (const [user, key] of [
        [daemonUserOn("m2"), contract.cycle.key],
        [daemonUserOn("m1"), "example.com/x"],
        [{ name: "system:node:m1", groups: ["system:nodes"] }, contract.cycle.key],
      ] as const) {
        const refused = server.apiFor(user).patch("/api/v1/nodes/m1", annotate(key), { signal });
        await assert.rejects(refused, /ValidatingAdmissionPolicy/, user.name);
      }
    });
  });
}

const filtersOf = ({ exec }: Machine) => exec("sed", "-n", "s/^Seccomp_filters:\\s*//p", "/proc/1/status");
