import { kuredFigures } from "./kured-figures.ts";

/** One measured figure beside its budget. */
export interface Figure {
  bench: string;
  name: string;
  value: number;
  unit: string;
  /** The value may be at most this. */
  budget: number;
  ok: boolean;
  /** The least and the most of several runs, of which `value` is the median. */
  spread?: readonly [number, number];
  /** What kured was measured with. */
  kured?: string;
}

export function figure(bench: string, name: string, value: number, unit: string, budget: number): Figure {
  const rounded = round(value);
  const kured = kuredFigures[bench]?.[name];
  return {
    bench,
    name,
    value: rounded,
    unit,
    budget,
    ok: rounded <= budget,
    ...(kured !== undefined && { kured }),
  };
}

/** The median of several runs. */
export function medianFigure(
  bench: string,
  name: string,
  values: readonly number[],
  unit: string,
  budget: number,
): Figure {
  const spread = [round(Math.min(...values)), round(Math.max(...values))] as const;
  return { ...figure(bench, name, median(values), unit, budget), spread };
}

export function figureLine({ bench, name, value, unit, budget, ok, spread, kured }: Figure): string {
  const range = spread === undefined ? "" : `, ${spread[0]} to ${spread[1]}`;
  const other = kured === undefined ? "" : `; kured ${kured}`;
  return `${ok ? "ok  " : "OVER"}  ${bench}: ${name}: ${value} ${unit}${range} (budget ${budget}${other})`;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}
