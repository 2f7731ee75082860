/** Several sources as one: each of them may say that a reboot is needed. */
import { type Need, type NeedSource, reasonsFrom, type TriedSource } from "./need.ts";

type Needed = Extract<Need, { state: "needed" }>;

/**
 * A reboot is needed if one source reports a need, with the reasons of all that do. A source that cannot tell hides no
 * need of another, and is named among the reasons; without a need it makes the answer `unknown`.
 */
export function anyNeed(sources: readonly (NeedSource & Partial<TriedSource>)[]): TriedSource {
  return {
    async check(fresh, signal) {
      const needs = await Promise.all(sources.map((source) => source.check(fresh, signal)));
      return merged(needs.map((need, index) => ({ need, name: sources[index]?.name })));
    },
    watch(onChange, signal, onBreak) {
      // Files of one folder have the same failures.
      const said = new Set<string>();
      const once = (error: Error) => {
        if (!said.has(error.message)) onBreak?.(error);
        said.add(error.message);
      };
      for (const source of sources) source.watch(onChange, signal, once);
    },
    async precheck(signal) {
      const failures = await Promise.all(sources.map((source) => source.precheck?.(signal)));
      return failures.find((failure) => failure !== undefined);
    },
  };
}

function merged(answers: readonly { need: Need; name: string | undefined }[]): Need {
  const [only] = answers;
  if (only !== undefined && answers.length === 1) return only.need;
  const doubts = answers.flatMap(({ need }) => (need.state === "unknown" ? [need.why] : []));
  const yes = answers.flatMap(({ need, name }) => (need.state === "needed" ? [{ need, name }] : []));
  // One that could wait takes nothing from another that cannot.
  const first = yes.find(({ need }) => need.urgency === undefined) ?? yes[0];
  if (first !== undefined) {
    const reasons = yes.flatMap(({ need, name }) => reasonsOf(need, name));
    return {
      ...first.need,
      reasons: reasonsFrom([...reasons, ...doubts.map((why) => `cannot tell: ${why}`)]),
    };
  }
  return doubts.length > 0
    ? { state: "unknown", why: [...new Set(doubts)].join("; ") }
    : { state: "not-needed" };
}

function reasonsOf({ reasons, source }: Needed, name = `the ${source}`): readonly string[] {
  return reasons.length > 0 ? reasons : [name];
}
