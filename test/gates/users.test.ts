import assert from "node:assert/strict";
import { usersGate } from "../../daemon/gates/users.ts";
import type { Session } from "../../daemon/host/logind/logind.ts";
import { everyRow } from "../rows.ts";
import { context } from "./builders.ts";

const noon = Date.parse("2026-11-24T12:00:00Z");
const minute = 60_000;
const { signal } = new AbortController();

function session(user: string, changes: Partial<Session> = {}): Session {
  return { user, class: "user", type: "tty", state: "active", idle: false, ...changes };
}

function asked(sessions: Session[], now = noon) {
  const gate = usersGate({ listSessions: async () => sessions }, 10 * minute);
  return gate.check(context(now, { neededSince: noon }), signal);
}

async function namesIn(...sessions: Session[]): Promise<string> {
  const answer = await asked(sessions);
  return answer.open ? "nobody" : (/^logged in: (.*); waits/.exec(answer.message)?.[1] ?? answer.message);
}

describe("The users gate", () => {
  const rows: [what: string, sessions: Session[], names: string][] = [
    ["nobody", [], "nobody"],
    ["each person once, in order", [session("eve"), session("anna"), session("eve")], "anna, eve"],
    ["who is in the background", [session("anna", { state: "online" })], "anna"],
    ["who is idle, and says so", [session("anna", { idle: true })], "anna (idle)"],
    ["who is idle in one session alone", [session("anna", { idle: true }), session("anna")], "anna"],
    ["lighter sessions of people", [session("anna", { class: "user-light" })], "anna"],
    ["no screen to log in at", [session("gdm", { class: "greeter" })], "nobody"],
    ["no user's own service manager", [session("anna", { class: "manager" })], "nobody"],
    ["no timer that runs as somebody", [session("anna", { class: "background" })], "nobody"],
    ["nobody who is leaving", [session("anna", { state: "closing" })], "nobody"],
    ["five at most", [..."abcdefg"].map((name) => session(name)), "a, b, c, d, e and 2 more"],
    ["names as printable texts", [session("a\nb")], "a b"],
  ];
  it("counts the people who are logged in", () =>
    everyRow(rows, async (sessions, names) => assert.equal(await namesIn(...sessions), names)));

  it("says until when it waits at the longest", async () => {
    assert.deepEqual(await asked([session("anna")]), {
      open: false,
      code: "logged-in",
      message: "logged in: anna; waits for that until 2026-11-24T12:10:00.000Z at the longest",
      changesAt: noon + 10 * minute,
    });
  });

  it("lets the node go once the need is that old, and asks nobody then", async () => {
    assert.equal((await asked([session("anna")], noon + 10 * minute - 1)).open, false);
    const gate = usersGate({ listSessions: () => assert.fail("nobody is to be asked") }, 10 * minute);
    const { open } = await gate.check(context(noon + 10 * minute, { neededSince: noon }), signal);
    assert.equal(open, true);
  });

  it("cannot tell where logind does not", async () => {
    const listSessions = async () => {
      throw new Error("no D-Bus socket at /run/bus");
    };
    const gate = usersGate({ listSessions }, minute);
    await assert.rejects(gate.check(context(noon), signal), /no D-Bus socket/);
  });
});
