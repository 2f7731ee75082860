const units = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** Of a duration with one unit, as Prometheus writes it. */
export function durationMs(text: string): number {
  const [, number, unit] = /^(\d+)([smhd])$/.exec(text) ?? [];
  if (number === undefined) throw new Error(`${text} is no duration with one unit`);
  return Number(number) * units[unit as keyof typeof units];
}
