/**
 * Quantities of cpu, memory and other resources:
 * https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
 */

const decimal = ["", "k", "M", "G", "T", "P", "E"];
const factors = new Map([
  ...decimal.map((suffix, power) => [suffix, 1000 ** power] as const),
  ...["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"].map((suffix, power) => [suffix, 1024 ** (power + 1)] as const),
  ...["m", "u", "n"].map((suffix, power) => [suffix, 1000 ** -(power + 1)] as const),
]);

/**
 * Thousandths, rounded up as the server does, so that sums are exact. NaN for an invalid text, which the
 * server rejects anyway. (The client library's own parser does not support `1.5Gi`.)
 */
export function parseQuantity(text: string): number {
  const [, amount, exponent, suffix = ""] =
    /^([+-]?(?:\d+\.?\d*|\.\d+))(?:([eE][+-]?\d+)|([KMGTPE]i|[numkMGTPE])?)$/.exec(text) ?? [];
  const thousandths = Number(`${amount}${exponent ?? ""}`) * (factors.get(suffix) ?? Number.NaN) * 1000;
  // A double has 15 exact digits; the digits behind them are rounding errors.
  return Math.ceil(Number(thousandths.toPrecision(15)));
}

/** Thousandths for people. Amounts of a mebibyte and more are bytes, and have binary units. */
export function quantityText(thousandths: number): string {
  const amount = thousandths / 1000;
  const unit = [...factors].findLast(
    ([suffix, factor]) => suffix.endsWith("i") && amount >= 1024 ** 2 && amount % factor === 0,
  );
  return unit === undefined ? String(amount) : `${amount / unit[1]}${unit[0]}`;
}
