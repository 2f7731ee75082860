/** One measured figure beside its budget. */
export interface Figure {
  bench: string;
  name: string;
  value: number;
  unit: string;
  /** The value may be at most this. */
  budget: number;
  ok: boolean;
}

export function figure(bench: string, name: string, value: number, unit: string, budget: number): Figure {
  const rounded = Math.round(value * 1000) / 1000;
  return { bench, name, value: rounded, unit, budget, ok: rounded <= budget };
}

export function figureLine({ bench, name, value, unit, budget, ok }: Figure): string {
  return `${ok ? "ok  " : "OVER"}  ${bench}: ${name}: ${value} ${unit} (budget ${budget})`;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
