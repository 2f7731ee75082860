/** The first line of the log: how this daemon works, and how far that is not the usual. Pure. */
import type { Settings } from "../config/settings.ts";
import type { Gate } from "../gates/gate.ts";
import type { Facts } from "../report/log-fields.ts";
import { isAlwaysOpen } from "../schedule/openings.ts";

/** Settings that are less careful than the defaults, each with the words for it. */
const careless: readonly [is: (settings: Settings) => boolean, words: string][] = [
  [
    ({ drain }) => drain.planned.escalation.rebootAnyway,
    "reboots even if pods remain (--drain-escalation or --force-reboot)",
  ],
  [
    ({ drain }) => Number.isFinite(drain.planned.escalation.drainDeleteAfterMs),
    "deletes pods past their budgets (--drain-escalation or --disable-eviction)",
  ],
  [
    ({ drain }) => !drain.isPreflightOn && !drain.planned.escalation.rebootAnyway,
    "drains without a look at budgets before (--preflight=off)",
  ],
  [({ logind }) => logind.inhibitors === "ignore", "ignores what blocks shutdowns (--inhibitors=ignore)"],
  [
    ({ hooks }) => hooks.beforeHooks.late === "go-on",
    "reboots without late hooks (--before-reboot-hooks-late)",
  ],
  [
    ({ hooks }) => hooks.afterHooks.late === "go-on",
    "uncordons without late hooks (--after-reboot-hooks-late)",
  ],
  [({ lock }) => lock.haltAfter.reboots === 0, "goes on after failed reboots (--halt-after-failures=0)"],
  [({ lock }) => lock.ttlMs > 0, "takes over slots of holders that are still at work (--lock-ttl)"],
];

export function startFacts(settings: Settings, gates: readonly Gate[]): Pick<Facts, "gates" | "unusual"> {
  const isOpen = isAlwaysOpen(settings.window);
  const names = gates.map(({ name }) => name).filter((name) => !(name === "window" && isOpen));
  const unusual = careless.filter(([is]) => is(settings)).map(([, words]) => words);
  // A gate for the start and one for the return may have one name.
  return { gates: [...new Set(names)].join(", "), unusual: unusual.join("; ") || undefined };
}
