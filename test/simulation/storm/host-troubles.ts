/** Troubles of the hosts: what they say about the need for a reboot, and what they are busy with. */
import type { Need } from "../../../daemon/host/need/need.ts";
import type { Draw } from "./draw.ts";

export type HostTrouble =
  /** The sentinel cannot be looked at. */
  | { kind: "doubt"; node: string; for: number }
  /** A second source says something else than the first one may. */
  | { kind: "second-source"; node: string; need: Need; for: number }
  /** The kernel is patched live, so that the reboot may wait. */
  | { kind: "patched-live"; node: string; for: number }
  /** An update runs that a reboot would break off, or whose file was left behind. */
  | { kind: "update"; node: string; for: number };

export type HostKind = HostTrouble["kind"];

export const hostDraws: { [K in HostKind]: (draw: Draw) => Extract<HostTrouble, { kind: K }> } = {
  doubt: ({ node, integer }) => ({ kind: "doubt", node: node(), for: integer(5, 300) }),
  "second-source": ({ node, integer, oneOf }) => ({
    kind: "second-source",
    node: node(),
    need: oneOf<Need>({ state: "not-needed" }, { state: "unknown", why: "the second source hangs" }),
    for: integer(5, 600),
  }),
  "patched-live": ({ node, integer }) => ({ kind: "patched-live", node: node(), for: integer(5, 600) }),
  update: ({ node, integer }) => ({ kind: "update", node: node(), for: integer(5, 600) }),
};

export const hostKinds = Object.keys(hostDraws) as HostKind[];
