/** Others that take nodes away, or keep pods off them for a while: these troubles, and how they are drawn. */
import { departures } from "../../../daemon/annotations/departures.ts";
import { readinessTaints } from "../../../daemon/annotations/readiness-taints.ts";
import type { Draw } from "./draw.ts";

export type AwayTrouble =
  /** A program puts this sign on the Node, and thinks better of it later. */
  | { kind: "taken-away"; node: string; sign: string; for: number }
  /** A program keeps pods off the node from its next boot on, until the node is ready for them. */
  | { kind: "readiness-taint"; node: string; key: string; seconds: number };

export type AwayKind = AwayTrouble["kind"];

/** A cordon of ours stays for those of the others, so that something is left behind. */
export const rows = departures.filter(({ keepsCordon }) => keepsCordon === undefined);
export const signs = rows.map(({ sign }) => (sign === "deletion" ? sign : sign.key));
export const taintKeys = readinessTaints.map(({ key }) => key.replace("*", "storm"));

export const awayKinds = ["taken-away", "readiness-taint"] as const satisfies AwayKind[];

export const awayDraws: { [K in AwayKind]: (draw: Draw) => Extract<AwayTrouble, { kind: K }> } = {
  "taken-away": ({ node, oneOf, integer }) => ({
    kind: "taken-away",
    node: node(),
    sign: oneOf(...signs),
    for: integer(2, 300),
  }),
  "readiness-taint": ({ node, oneOf, integer }) => ({
    kind: "readiness-taint",
    node: node(),
    key: oneOf(...taintKeys),
    seconds: integer(2, 300),
  }),
};
