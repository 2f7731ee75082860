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
