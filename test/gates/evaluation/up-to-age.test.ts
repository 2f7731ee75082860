import assert from "node:assert/strict";
import { upToAge } from "../../../daemon/gates/evaluation/up-to-age.ts";
import type { Gate, GateAnswer } from "../../../daemon/gates/gate.ts";
import { signal } from "../../prometheus/servers.ts";
import { context } from "../builders.ts";

const hour = 3_600_000;
const shut: GateAnswer = { open: false, code: "active", message: "1 alert is active: DiskFull" };

function aged(check: () => Promise<GateAnswer>) {
  const said: string[] = [];
  const gate: Gate = { name: "alerts", stages: ["start"], cost: "remote", check };
  const { check: ask } = upToAge(gate, hour, (what) => said.push(what));
  return { said, at: (now: number, neededSince = 0) => ask(context(now, { neededSince }), signal) };
}

describe("A gate with an age", () => {
  it("is closed until that age, and open from then on, which it reports once for each need", async () => {
    const { said, at } = aged(async () => shut);
    assert.deepEqual(await at(hour - 1), shut);
    assert.deepEqual(said, []);
    assert.deepEqual([await at(hour), await at(2 * hour)], [{ open: true }, { open: true }]);
    assert.deepEqual(said, [
      "the reboot has been needed since 1970-01-01T00:00:00.000Z; the gate alerts no longer blocks the reboot (--alerts-max-age): 1 alert is active: DiskFull",
    ]);
    await at(5 * hour, 2 * hour);
    assert.equal(said.length, 2);
  });

  it("reports nothing while the gate is open, and a gate that cannot tell", async () => {
    const quiet = aged(async () => ({ open: true }));
    assert.deepEqual(await quiet.at(hour), { open: true });
    assert.deepEqual(quiet.said, []);
    const { said, at } = aged(() => Promise.reject(new Error("refused")));
    await assert.rejects(at(hour - 1), /refused/);
    assert.deepEqual(await at(hour), { open: true });
    assert.match(said[0] ?? "", /cannot tell: refused$/);
  });

  it("stops when it is to stop", async () => {
    const stop = new AbortController();
    const gate: Gate = {
      name: "alerts",
      stages: ["start"],
      cost: "remote",
      async check(_, inner) {
        stop.abort(new Error("stopped"));
        throw inner.reason;
      },
    };
    const { check } = upToAge(gate, hour, () => {});
    await assert.rejects(check(context(hour, { neededSince: 0 }), stop.signal), /stopped/);
  });
});
