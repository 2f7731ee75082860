import type { SmallWorld } from "./small-world.ts";

/** The most nodes that are cordoned at one time from now on. */
export function watchCordons({ server }: SmallWorld): { most: number } {
  const seen = { most: 0 };
  server.onChange("nodes", () => {
    const nodes = server.storedAll("nodes");
    const cordoned = nodes.filter((one) => (one["spec"] as { unschedulable?: boolean }).unschedulable);
    seen.most = Math.max(seen.most, cordoned.length);
  });
  return seen;
}
