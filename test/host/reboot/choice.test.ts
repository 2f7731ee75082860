import assert from "node:assert/strict";
import { choosingRebooter } from "../../../daemon/host/reboot/choice.ts";
import { type MethodName, type RebootMethod, RebootRefused } from "../../../daemon/host/reboot/rebooter.ts";

const { signal } = new AbortController();

/** Those of the three that can work here, and which of them were asked to reboot. */
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
  for (const [asked, able, method, cannot] of rows) {
    it(`is ${method} with ${asked} where ${able.join(", ") || "nothing"} can work`, async () => {
      const { all, rebooted } = methods(...able);
      const rebooter = choosingRebooter(all, asked);
      const choice = await rebooter.choose(signal);
      assert.deepEqual([choice.method, Object.keys(choice.cannot)], [method, cannot]);
      if (method === undefined) await assert.rejects(rebooter.reboot(signal), RebootRefused);
      else await rebooter.reboot(signal);
      assert.deepEqual(rebooted, method === undefined ? [] : [method]);
    });
  }

  it("is looked for when it is first needed, at the latest", async () => {
    const { all, rebooted } = methods("signal");
    await choosingRebooter(all, "auto").reboot(signal);
    assert.deepEqual(rebooted, ["signal"]);
  });
});
