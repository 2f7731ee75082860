import { iso } from "../../time/iso.ts";
import { cannotTell, type Gate } from "../gate.ts";

/**
 * The same gate until the reboot has been needed for `maxAgeMs`; open from then on. `say` gets a sentence
 * about that, once for each need.
 */
export function upToAge(gate: Gate, maxAgeMs: number, say: (sentence: string) => void): Gate {
  let saidOf: number | undefined;
  return {
    ...gate,
    async check(context, signal) {
      const { now, neededSince } = context;
      if (now - neededSince < maxAgeMs) return await gate.check(context, signal);
      const answer = await gate.check(context, signal).catch((error) => {
        signal.throwIfAborted();
        return cannotTell(error);
      });
      if (answer.open) return answer;
      const since = `the reboot has been needed since ${iso(neededSince)}`;
      const ignored = `the gate ${gate.name} no longer blocks the reboot (--alerts-max-age)`;
      if (saidOf !== neededSince) say(`${since}; ${ignored}: ${answer.message}`);
      saidOf = neededSince;
      return { open: true };
    },
  };
}
