const unitMs: Record<string, number> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

const part = `(\\d+(?:\\.\\d*)?|\\.\\d+)(${Object.keys(unitMs).join("|")})`;
const whole = new RegExp(`^(${part})+$`);
const parts = new RegExp(part, "g");

/** Milliseconds, written as Go writes durations: https://pkg.go.dev/time#ParseDuration */
export function parseDurationMs(text: string): number | undefined {
  if (text === "0") return 0;
  if (!whole.test(text)) return undefined;
  let sum = 0;
  for (const [, amount, unit] of text.matchAll(parts))
    sum += Number(amount) * (unitMs[unit ?? ""] ?? Number.NaN);
  return sum;
}

/** The same, with whole days before it: `7d`, `1d12h`. */
export function parseLongDurationMs(text: string): number | undefined {
  const [, days, rest = ""] = /^(?:(\d+)d)?(.*)$/s.exec(text) ?? [];
  if (days === undefined) return parseDurationMs(text);
  const restMs = rest === "" ? 0 : parseDurationMs(rest);
  return restMs === undefined ? undefined : Number(days) * 86_400_000 + restMs;
}

/**
 * Seconds for people: up to ten minutes as `1m40s`; else in the largest unit of which there are at least two: `45m`, `30h`, `3d`.
 */
export function durationText(seconds: number): string {
  if (seconds >= 60 && seconds < 600) {
    const rest = seconds % 60;
    return `${Math.floor(seconds / 60)}m${rest === 0 ? "" : `${rest}s`}`;
  }
  for (const [unit, length] of [
    ["d", 86_400],
    ["h", 3600],
    ["m", 60],
  ] as const) {
    if (seconds >= 2 * length) return `${Math.floor(seconds / length)}${unit}`;
  }
  return `${Math.max(0, seconds)}s`;
}
