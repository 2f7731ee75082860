import assert from "node:assert/strict";
import type { Journal } from "../../../daemon/host/journal.ts";
import { choosingRebooter } from "../../../daemon/host/reboot/choice.ts";
import { type MethodName, type RebootMethod, RebootRefused } from "../../../daemon/host/reboot/rebooter.ts";
import { everyRow } from "../../rows.ts";

const { signal } = new AbortController();

/** Three methods, of which these can work here, the list of those that were asked to reboot, and a journal. */
function methods(...able: MethodName[]) {
  const rebooted: MethodName[] = [];
  const lines: string[] = [];
  const journal: Journal = { write: async (line) => void lines.push(line) };
  const all = (["logind", "signal", "command"] as const).map(
    (name): RebootMethod => ({
      name,
      precheck: async () => (able.includes(name) ? undefined : `no ${name}`),
      reboot: async () => void rebooted.push(name),
    }),
  );
  return { all, rebooted, journal, lines };
}

describe("The method of rebooting", () => {
  const rows: [
    asked: MethodName | "auto",
    able: MethodName[],
    method: string | undefined,
    cannot: string[],
  ][] = [
    ["auto", ["logind", "signal", "command"], "logind", []],
    ["auto", ["signal", "command"], "signal", ["logind"]],
    ["auto", ["command"], "command", ["logind", "signal"]],
    ["auto", [], undefined, ["logind", "signal", "command"]],
    ["command", ["logind", "command"], "command", []],
    ["signal", ["logind", "command"], undefined, ["signal"]],
  ];
  it("is the configured one, or with auto the first one that can work", () =>
    everyRow(
      rows.map((row) => [`${row[0]}, able: ${row[1].join(", ")}`, ...row] as const),
      async (asked, able, method, cannot) => {
        const { all, rebooted, journal } = methods(...able);
        const rebooter = choosingRebooter(all, asked, journal);
        const choice = await rebooter.choose(signal);
        assert.deepEqual([choice.method, Object.keys(choice.cannot)], [method, cannot]);
        if (method === undefined) await assert.rejects(rebooter.reboot(signal), RebootRefused);
        else await rebooter.reboot(signal);
        assert.deepEqual(rebooted, method === undefined ? [] : [method]);
      },
    ));

  it("goes by kexec only where that is possible just then, and tells why not", async () => {
    const { all, journal } = methods("signal");
    const rebooter = (why?: string) => choosingRebooter(all, "auto", journal, async () => why);
    assert.deepEqual(await rebooter().possible("kexec", signal), { kind: "kexec" });
    assert.deepEqual(await rebooter("none").possible("kexec", signal), { kind: "full", why: "none" });
    assert.deepEqual(await rebooter("none").possible("soft", signal), { kind: "soft" });
  });

  it("is chosen at the first reboot, at the latest", async () => {
    const { all, rebooted, journal } = methods("signal");
    await choosingRebooter(all, "auto", journal).reboot(signal);
    assert.deepEqual(rebooted, ["signal"]);
  });

  describe("announces a reboot", () => {
    const fails = async (): Promise<never> => {
      throw new Error("it hangs");
    };

    it("in the journal with each method, and in the method's own way", async () => {
      const { all, journal, lines } = methods("logind", "signal", "command");
      const told: string[] = [];
      const logind = { ...(all[0] as RebootMethod), announce: async (why: string) => void told.push(why) };
      for (const name of ["logind", "signal", "command"] as const)
        await choosingRebooter([logind, ...all.slice(1)], name, journal).announce(`by ${name}`, signal);
      assert.deepEqual([lines, told], [["by logind", "by signal", "by command"], ["by logind"]]);
    });

    it("in one way where the other fails, and says which", async () => {
      const { all, journal, lines } = methods("logind");
      const logind = { ...(all[0] as RebootMethod), announce: fails };
      await assert.rejects(
        choosingRebooter([logind], "logind", journal).announce("why", signal),
        /^Error: it hangs$/,
      );
      assert.deepEqual(lines, ["why"]);
      const told: string[] = [];
      const other = { ...logind, announce: async (why: string) => void told.push(why) };
      await assert.rejects(
        choosingRebooter([other], "logind", { write: fails }).announce("why", signal),
        /^Error: it hangs$/,
      );
      assert.deepEqual(told, ["why"]);
    });

    it("in both ways at once, so that two that hang cost the reboot no more than one", async () => {
      const { all } = methods("logind");
      const told = Promise.withResolvers<void>();
      const logind = { ...(all[0] as RebootMethod), announce: async () => told.resolve() };
      const journal: Journal = { write: () => told.promise };
      await choosingRebooter([logind], "logind", journal).announce("why", signal);
    });

    it("and says in the journal that it was refused, as the machine stays up", async () => {
      const { all, lines, journal } = methods("command");
      const refusing = (error: Error): RebootMethod => ({
        ...(all[2] as RebootMethod),
        reboot: () => Promise.reject(error),
      });
      const reboot = (error: Error, to = journal) =>
        choosingRebooter([refusing(error)], "command", to).reboot(signal);
      await assert.rejects(reboot(new RebootRefused("no such program")), RebootRefused);
      await assert.rejects(reboot(new Error("lost on the way down")), /lost/);
      assert.deepEqual(lines, ["no such program"]);
      await assert.rejects(reboot(new RebootRefused("no such program"), { write: fails }), RebootRefused);
    });
  });
});
