import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { execInPod, type PodTemplate, readPod, restartPod, startPodNode } from "./container.ts";
import { installHostFiles } from "./host-files.ts";
import type { Machine } from "./machine.ts";
import { type MachineCluster, startMachineCluster } from "./machine-cluster.ts";

/** The numbers of errors. */
const [done, absent, denied, readOnly] = ["0", "2", "13", "30"];

/** What whoever breaks into the daemon finds below its mount of the host's /run, and on which components that hangs. */
const forms: { components: string[]; reads: string; writes: string; connects: string; says: RegExp }[] = [
  {
    components: [],
    reads: done,
    writes: readOnly,
    connects: done,
    says: /open="runs as root[^"]*; by permission may connect to \/host\/run\/containerd\/containerd\.sock, \/host\/run\/systemd\/private"/,
  },
  { components: ["rootless"], reads: done, writes: readOnly, connects: denied, says: /open="none"/ },
  {
    components: ["mirror"],
    reads: absent,
    writes: absent,
    connects: absent,
    says: /open="runs as root[^;"]*"/,
  },
  {
    components: ["mirror", "rootless"],
    reads: absent,
    writes: absent,
    connects: absent,
    says: /open="none"/,
  },
];

/** A container runtime's own, which answers to root and its group. */
const runtimeSocket = {
  "runtime.socket": "[Socket]\nListenStream=/run/containerd/containerd.sock\nSocketMode=0660\nAccept=yes\n",
  "runtime@.service": "[Service]\nStandardInput=socket\nExecStart=/bin/echo hello\n",
};

const another = "/run/containerd/task/rootfs";

describe("The pod's mount of the host's /run", () => {
  let cluster: MachineCluster;
  let machine: Machine;

  before(async () => {
    cluster = await startMachineCluster();
    machine = await startPodNode(cluster, "m1", ["/usr/bin/perl"]);
    for (const component of ["mirror", "rootless"]) await installHostFiles(machine, component);
    for (const [name, text] of Object.entries(runtimeSocket))
      writeFileSync(join(machine.root, "etc/systemd/system", name), text);
    const script = `systemctl daemon-reload; systemctl start runtime.socket
      mkdir -p ${another}; mount -t tmpfs another ${another}; echo mine > ${another}/file; chmod 666 ${another}/file`;
    await machine.exec("sh", "-ec", script);
  });
  after(() => cluster?.stop());

  const start = (pod: PodTemplate) =>
    restartPod(cluster, "m1", pod, /rebootd started[\s\S]*Idle: no reboot is needed/);

  /** 0, or the number of the error with which this ends, in the container. */
  const inPerl = (attempt: string) =>
    execInPod(machine, "/usr/bin/perl", "-e", `syswrite(STDOUT, (${attempt}) ? 0 : 0 + $!)`);
  const open = (mode: string) => inPerl(`open(F, "${mode}", "/host${another}/file")`);
  const connect = (path: string) => inPerl(`socket(S, 1, 1, 0) && connect(S, pack("S a108", 1, "${path}"))`);

  it("would let it write into another container's file system, were it not recursively read-only", async () => {
    const { spec, ...pod } = readPod();
    const containers = spec.containers.map(({ volumeMounts = [], ...container }) => ({
      ...container,
      volumeMounts: volumeMounts.map((mount) => ({ ...mount, recursiveReadOnly: "Disabled" })),
    }));
    const log = await start({ ...pod, spec: { ...spec, containers } });
    assert.equal(await open("+<"), done);
    assert.match(log, /open="[^"]*mounted writable: \/host\/run\//);
  });

  for (const { components, reads, writes, connects, says } of forms) {
    describe(`with ${components.length === 0 ? "nothing else" : components.join(" and ")}`, () => {
      let log: string;
      before(async () => {
        log = await start(readPod(components));
      });

      it("says at its start what is open", () => assert.match(log, says));

      it(`${reads === done ? "shows" : "does not show"} it other containers' files`, async () => {
        assert.equal(await open("<"), reads);
      });

      it("does not let it write into them", async () => {
        assert.equal(await open("+<"), writes);
        assert.equal(
          await machine.exec("sh", "-c", `echo mine > ${another}/file; cat ${another}/file`),
          "mine",
        );
      });

      it(`${connects === done ? "lets it" : "does not let it"} connect to the container runtime`, async () => {
        assert.equal(await connect("/host/run/containerd/containerd.sock"), connects);
      });
    });
  }
});
