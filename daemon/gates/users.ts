import type { Logind, Session } from "../host/logind/logind.ts";
import { firstOf } from "../text/list.ts";
import { shortLine } from "../text/one-line.ts";
import { iso } from "../time/iso.ts";
import type { Gate } from "./gate.ts";

const shownMax = 5;

/** Closed while people are logged in, until the need is `waitMs` old. */
export function usersGate(logind: Pick<Logind, "listSessions">, waitMs: number): Gate<"users"> {
  return {
    name: "users",
    stages: ["start"],
    cost: "local",
    urgentPasses: true,
    async check({ now, neededSince }, signal) {
      const until = neededSince + waitMs;
      if (now >= until) return { open: true };
      const users = loggedIn(await logind.listSessions(signal));
      if (users.length === 0) return { open: true };
      const shown = firstOf(users, shownMax);
      return {
        open: false,
        code: "logged-in",
        message: `logged in: ${shown}; waits for that until ${iso(until)} at the longest`,
        changesAt: until,
      };
    },
  };
}

/** Each person once, with `(idle)` if all their sessions are idle. */
function loggedIn(sessions: readonly Session[]): string[] {
  const people = sessions.filter(
    (one) => /^user($|-)/.test(one.class) && (one.state === "active" || one.state === "online"),
  );
  const names = [...new Set(people.map(({ user }) => user))].sort();
  return names.map((name) => {
    const isIdle = people.every(({ user, idle }) => user !== name || idle);
    return `${shortLine(name)}${isIdle ? " (idle)" : ""}`;
  });
}
