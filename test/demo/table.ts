/** The live table. Pure: rows in, lines out. */
import { type Style, styled } from "./screen.ts";

export interface Row {
  node: string;
  isReady: boolean;
  isCordoned: boolean;
  phase: string;
  pods: number;
  boots: number;
  reasons: readonly string[];
}

const phaseStyles: Record<string, Style> = {
  Waiting: "yellow",
  Draining: "magenta",
  Rebooting: "red",
  Returning: "blue",
  Settling: "cyan",
  Restoring: "magenta",
  Failed: "red",
};

const columns = [
  { title: "NODE", of: (row: Row) => row.node },
  { title: "STATUS", of: statusOf, style: (row: Row): Style => (row.isReady ? "green" : "red") },
  { title: "PHASE", of: (row: Row) => row.phase, style: (row: Row) => phaseStyles[row.phase] ?? "dim" },
  { title: "PODS", of: (row: Row) => String(row.pods) },
  { title: "BOOTS", of: (row: Row) => String(row.boots) },
  { title: "WHY", of: (row: Row) => row.reasons.join("; ") },
] satisfies { title: string; of: (row: Row) => string; style?: (row: Row) => Style | undefined }[];

export function tableLines(rows: readonly Row[], width: number): string[] {
  const cells = rows.map((row) => columns.map(({ of }) => of(row)));
  // Widths are kept for the longest status and phase, so that nothing jumps.
  const widths = columns.map(({ title }, n) =>
    Math.max(title.length, floors[title] ?? 0, ...cells.map((line) => line[n]?.length ?? 0)),
  );
  const header = styled(
    clipped(columns.map(({ title }, n) => title.padEnd(widths[n] ?? 0)).join("  "), width),
    "bold",
  );
  return [header, ...rows.map((row) => line(row, widths, width))];
}

const floors: Record<string, number> = { STATUS: "NotReady,cordoned".length, PHASE: "Rebooting".length };

function line(row: Row, widths: readonly number[], width: number): string {
  let left = width;
  const parts = columns.flatMap((column, n) => {
    if (left <= 0) return [];
    const wanted = widths[n] ?? 0;
    const text = clipped(column.of(row).padEnd(wanted), left);
    left -= wanted + 2;
    return [styled(text, "style" in column ? column.style(row) : undefined)];
  });
  return parts.join("  ").trimEnd();
}

function statusOf({ isReady, isCordoned }: Row): string {
  return `${isReady ? "Ready" : "NotReady"}${isCordoned ? ",cordoned" : ""}`;
}

function clipped(text: string, width: number): string {
  return text.trimEnd().length <= width ? text.slice(0, width) : `${text.slice(0, Math.max(0, width - 1))}…`;
}
