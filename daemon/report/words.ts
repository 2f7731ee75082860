import type { Clock } from "../time/clock.ts";

/** The pause before a sentence is logged again only because numbers or names in it differ. */
const rewordMs = 60_000;

/** Tells which sentences of the loop are worth a line: it decides far more often than anything changes. */
export interface Words {
  /** Answers whether it is news, and takes it as said if so. `decision`: differs if other words do not matter. */
  isNews(decision: readonly unknown[], why: string): boolean;
  /** Another line has said it. */
  said(decision: readonly unknown[], why: string): void;
}

export function createWords(clock: Pick<Clock, "elapsed">): Words {
  let last: { key: string; why: string; at: number } | undefined;
  const words: Words = {
    isNews(decision, why) {
      if (why === last?.why) return false;
      const isJustNow = last !== undefined && clock.elapsed() - last.at < rewordMs;
      if (isJustNow && keyOf(decision, why) === last?.key) return false;
      words.said(decision, why);
      return true;
    },
    said(decision, why) {
      last = { key: keyOf(decision, why), why, at: clock.elapsed() };
    },
  };
  return words;
}

/** The sentence without numbers, and without the list behind its colon. */
function keyOf(decision: readonly unknown[], why: string): string {
  const [start = ""] = why.split(": ", 1);
  return JSON.stringify([decision, start.replace(/\d+/g, "#")]);
}
