import { cannotTell, type Gate } from "../gate.ts";

/**
 * The gate as it is until the reboot has been needed for `maxAgeMs`, and open from then on, which is reported
 * once for each need: `say` gets the sentence.
 */
export function upToAge(gate: Gate, maxAgeMs: number, say: (what: string) => void): Gate {
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
      const since = new Date(neededSince).toISOString();
      const why = `the gate ${gate.name} no longer holds the reboot back, which has been needed since ${since}`;
      if (saidOf !== neededSince) say(`${why} (--alerts-max-age): ${answer.message}`);
      saidOf = neededSince;
      return { open: true };
    },
  };
}
