import assert from "node:assert/strict";
import { choosingRebooter } from "../../../daemon/host/reboot/choice.ts";
import { type MethodName, type RebootMethod, RebootRefused } from "../../../daemon/host/reboot/rebooter.ts";
import { everyRow } from "../../rows.ts";

const { signal } = new AbortController();

/** Three methods, of which these can work here, and the list of those that were asked to reboot. */
function methods(...able: MethodName[]) {
  const rebooted: MethodName[] = [];
  const all = (["logind", "signal", "command"] as const).map(
    (name): RebootMethod => ({
      name,
      precheck: async () => (able.includes(name) ? undefined : `no ${name}`),
      reboot: async () => void rebooted.push(name),
    }),
  );
  return { all, rebooted };
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
        const { all, rebooted } = methods(...able);
        const rebooter = choosingRebooter(all, asked);
        const choice = await rebooter.choose(signal);
        assert.deepEqual([choice.method, Object.keys(choice.cannot)], [method, cannot]);
        if (method === undefined) await assert.rejects(rebooter.reboot(signal), RebootRefused);
        else await rebooter.reboot(signal);
        assert.deepEqual(rebooted, method === undefined ? [] : [method]);
      },
    ));

  it("is chosen at the first reboot, at the latest", async () => {
    const { all, rebooted } = methods("signal");
    await choosingRebooter(all, "auto").reboot(signal);
    assert.deepEqual(rebooted, ["signal"]);
  });
});
