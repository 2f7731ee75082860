import type { Dashboard } from "../grafana-schema.ts";

export type ShownPanel = Exclude<Dashboard["panels"][number], { type: "row" }>;

export interface Series {
  /** As the legend of the query has it. */
  name: string;
  /** Seconds since the epoch, and the value. A point that is missing is a gap. */
  points: readonly (readonly [at: number, value: number])[];
}

/** What a panel has asked for, from whichever of its queries. */
export type PanelData = ReadonlyMap<ShownPanel["id"], readonly Series[]>;

export interface Span {
  from: number;
  to: number;
  /** Seconds between two points of a query. */
  step: number;
}

export const lastOf = ({ points }: Series): number | undefined => points.at(-1)?.[1];
