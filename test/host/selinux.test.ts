import assert from "node:assert/strict";
import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BusRefusal, BusUnreachable } from "../../daemon/host/logind/bus.ts";
import { createLogind } from "../../daemon/host/logind/logind.ts";
import { fileNeed } from "../../daemon/host/need/need.ts";
import { logindRebooter } from "../../daemon/host/reboot/logind.ts";
import { selinuxAdvice } from "../../daemon/host/selinux.ts";
import { systemClock } from "../../daemon/time/clock.ts";
import { everyRow } from "../rows.ts";

const { signal } = new AbortController();
const advice = "; SELinux confines this process as container_t: add manifests/components/selinux";
const confined = "system_u:system_r:container_t:s0:c1,c2\0";
let folder: string;

/** Files of the kernel with this content. `enforce` is undefined without a mount of selinuxfs, as in most containers. */
async function adviceWith(label: string | undefined, enforce?: string) {
  const files = { label: join(folder, "current"), enforce: join(folder, "enforce") };
  if (label !== undefined) await writeFile(files.label, label);
  if (enforce !== undefined) await writeFile(files.enforce, enforce);
  return (error: unknown) => selinuxAdvice(error, files);
}

const withCode = (code: string) => Object.assign(new Error(code), { code });

/** Runs the work as nobody: root is not denied anything. */
async function asNobody<T>(work: () => Promise<T>): Promise<T> {
  const user = process.geteuid?.();
  if (user === 0) process.seteuid?.(65534);
  try {
    return await work();
  } finally {
    if (user === 0) process.seteuid?.(0);
  }
}

describe("On a host with SELinux", () => {
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "rebootd-selinux-"));
    await chmod(folder, 0o755);
  });
  afterEach(() => rm(folder, { recursive: true }));

  const refusal = (name: string) =>
    new BusRefusal(
      { destination: "", path: "", interface: "", member: "CanReboot" },
      { name, message: "no" },
    );
  const rows: [
    what: string,
    error: Error,
    label: string | undefined,
    enforce: string | undefined,
    isAdvised: boolean,
  ][] = [
    ["a file is denied", withCode("EACCES"), confined, "1", true],
    [
      "a file is denied, and it cannot be seen whether SELinux enforces",
      withCode("EPERM"),
      confined,
      undefined,
      true,
    ],
    [
      "a message on D-Bus is denied",
      refusal("org.freedesktop.DBus.Error.AccessDenied"),
      confined,
      undefined,
      true,
    ],
    [
      "the socket of D-Bus is denied",
      new BusUnreachable("/bus", withCode("EACCES")),
      confined,
      undefined,
      true,
    ],
    ["SELinux only warns", withCode("EACCES"), confined, "0\n", false],
    ["the pod has the component", withCode("EACCES"), "system_u:system_r:spc_t:s0\0", "1", false],
    ["the file is not there", withCode("ENOENT"), confined, "1", false],
    ["D-Bus is not there", new BusUnreachable("/bus", withCode("ENOENT")), confined, "1", false],
    ["there is AppArmor instead", withCode("EACCES"), "docker-default (enforce)\n", undefined, false],
    ["nothing confines anybody", withCode("EACCES"), undefined, undefined, false],
  ];
  it("the component is advised exactly if SELinux may have denied the access", () =>
    everyRow(rows, async (error, label, enforce, isAdvised) => {
      for (const name of ["current", "enforce"]) await rm(join(folder, name), { force: true });
      const whyDenied = await adviceWith(label, enforce);
      assert.equal(await whyDenied(error), isAdvised ? advice : "");
    }));

  it("a sentinel that the pod may not access is an error with this advice, not a missing folder", async () => {
    const whyDenied = await adviceWith(confined);
    await mkdir(join(folder, "run"), { mode: 0o700 });
    const sentinel = join(folder, "run/reboot-required");
    const need = fileNeed(sentinel, systemClock, { whyDenied });
    const why = `EACCES: permission denied, stat '${sentinel}'${advice}`;
    await asNobody(async () => {
      if (process.geteuid?.() !== 65534) await chmod(join(folder, "run"), 0);
      assert.equal(await need.precheck(signal), why);
      assert.deepEqual(await need.check(true, signal), { state: "unknown", why });
    });
    await chmod(join(folder, "run"), 0o700);
  });

  it("a D-Bus socket that the pod may not access is an error with this advice", async () => {
    const whyDenied = await adviceWith(confined);
    const socket = join(folder, "bus");
    const server = createServer().listen(socket);
    await new Promise((resolve) => server.once("listening", resolve));
    await chmod(socket, 0);
    const rebooter = logindRebooter(createLogind(socket, systemClock), { skipInhibitors: false }, whyDenied);
    const failure = await asNobody(() => rebooter.precheck(signal));
    server.close();
    assert.equal(failure, `D-Bus at ${socket}: connect EACCES ${socket}${advice}`);
  });
});
