import type { KubeObject } from "./object.ts";

/** A column of a resource's Table. */
export interface Column {
  name: string;
  type?: "string" | "integer" | "boolean";
  format?: string;
  /** 1 is shown with `-o wide` only. */
  priority?: 0 | 1;
  cell: (object: KubeObject, now: number) => unknown;
}
