import assert from "node:assert/strict";
import { type Argv, createExec } from "../../../daemon/host/exec.ts";
import { commandRebooter } from "../../../daemon/host/reboot/command.ts";
import { RebootRefused } from "../../../daemon/host/reboot/rebooter.ts";
import { systemClock } from "../../../daemon/time/clock.ts";

const { signal } = new AbortController();
const exec = createExec(systemClock);

describe("Rebooting by command", () => {
  const here = (argv: Argv) => argv;
  const byCommand = (...argv: Argv) => commandRebooter(argv, here, exec);

  it("resolves after the command has succeeded", async () => {
    await byCommand("/bin/true").reboot(signal);
  });

  it("runs systemd's own command for another kind", async () => {
    const echoed: Argv[] = [];
    const onHost = (argv: Argv): Argv => {
      echoed.push(argv);
      return ["/bin/true"];
    };
    for (const kind of ["full", "soft", "kexec"] as const)
      await commandRebooter(["/sbin/my-reboot"], onHost, exec).reboot(signal, kind);
    const systemctl = "/bin/systemctl";
    assert.deepEqual(echoed, [["/sbin/my-reboot"], [systemctl, "soft-reboot"], [systemctl, "kexec"]]);
  });

  it("can work if the program exists, by its path or in PATH; the precheck does not run it", async () => {
    assert.equal(await byCommand("/bin/false").precheck(signal), undefined);
    assert.equal(await byCommand("false").precheck(signal), undefined);
    assert.match((await byCommand("/no/such", "now").precheck(signal)) ?? "", /no program \/no\/such/);
  });

  it("cannot work if the namespace of the host cannot be entered", async () => {
    const noEntry = (argv: Argv): Argv => ["/bin/sh", "-c", "echo not; echo permitted; exit 1", ...argv];
    const closed = commandRebooter(["/bin/true"], noEntry, exec);
    assert.equal(await closed.precheck(signal), "not permitted");
    const noWay = commandRebooter(["/bin/true"], () => ["/no/nsenter"], exec);
    assert.match((await noWay.precheck(signal)) ?? "", /running \/no\/nsenter: .*ENOENT/);
  });

  it("is not certainly refused after a failure of the command", async () => {
    const failed = byCommand("/bin/sh", "-c", "echo reset by peer; exit 1").reboot(signal);
    await assert.rejects(
      failed,
      (error: Error) => !(error instanceof RebootRefused) && /reset by peer/.test(error.message),
    );
  });

  it("is certainly refused if the command does not exist", async () => {
    await assert.rejects(byCommand("/no/such").reboot(signal), RebootRefused);
  });
});
