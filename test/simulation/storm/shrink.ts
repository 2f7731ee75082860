import type { Scenario } from "./scenario.ts";

/** A scenario with fewer troubles, and less of what else there is, that fails in the same way; it looks at most `tries` times. */
export async function shrink(
  scenario: Scenario,
  fails: (smaller: Scenario) => Promise<boolean>,
  tries = 300,
): Promise<Scenario> {
  let smallest = scenario;
  let left = tries;
  const isStillFailing = async (smaller: Scenario) => {
    left -= 1;
    if (left < 0 || !(await fails(smaller))) return false;
    smallest = smaller;
    return true;
  };
  // Large parts first, then smaller ones.
  for (let size = smallest.troubles.length; size >= 1; size = Math.floor(size / 2)) {
    for (let start = 0; start < smallest.troubles.length; ) {
      const troubles = smallest.troubles.toSpliced(start, size);
      if (!(await isStillFailing({ ...smallest, troubles }))) start += size;
    }
  }
  const { messages: _, ...silent } = smallest;
  if (smallest.messages) await isStillFailing(silent);
  for (const name of Object.keys(smallest.options) as (keyof Scenario["options"])[]) {
    // Messages that have no destination would be missed.
    if (name === "notify-url" && smallest.messages) continue;
    const { [name]: _, ...options } = smallest.options;
    await isStillFailing({ ...smallest, options });
  }
  await isStillFailing({ ...smallest, skewMs: {} });
  await isStillFailing({ ...smallest, replicas: 0 });
  for (const pods of ["tolerating", "agents", "held"] as const) {
    const { [pods]: _, ...without } = smallest;
    if (pods in smallest) await isStillFailing(without);
  }
  return smallest;
}
