/** The two forms in which metrics are written, and which one a client is given. Pure. */

export const contentTypes = {
  text: "text/plain; version=0.0.4; charset=utf-8",
  openMetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8",
} as const;

export type Form = keyof typeof contentTypes;

/** A head has room for some hundred ranges; nobody sends as many. */
const rangesMax = 20;

/**
 * The form for an Accept header; text where the client does not prefer OpenMetrics
 * (https://www.rfc-editor.org/rfc/rfc9110#name-accept).
 */
export function formFor(accept: string | undefined): Form {
  const ranges = (accept ?? "").split(",", rangesMax).map(rangeOf);
  const quality = (types: readonly string[], isKnown = (_: string | undefined) => true) =>
    Math.max(
      0,
      ...ranges.filter((one) => types.includes(one.type) && isKnown(one.version)).map(({ q }) => q),
    );
  const openMetrics = quality(["application/openmetrics-text"], isKnownVersion);
  return openMetrics > 0 && openMetrics >= quality(["text/plain"]) ? "openMetrics" : "text";
}

/** Both versions are the same but for their name. */
function isKnownVersion(version: string | undefined): boolean {
  return version === undefined || version === "1.0.0" || version === "0.0.1";
}

function rangeOf(range: string): { type: string; version: string | undefined; q: number } {
  const [type = "", ...parameters] = range.split(";").map((part) => part.trim().toLowerCase());
  const parameter = (name: string) =>
    parameters
      .find((one) => one.startsWith(`${name}=`))
      ?.slice(name.length + 1)
      .replace(/^"(.*)"$/, "$1");
  const q = Number(parameter("q") ?? 1);
  return { type, version: parameter("version"), q: q >= 0 && q <= 1 ? q : 0 };
}

/** prom-client writes another name for it than both forms know. */
export function withNaN(text: string): string {
  return text.replace(/ Nan$/gm, " NaN");
}

/**
 * OpenMetrics from the text form. prom-client can write it too, but changes the names of its counters for
 * ever as it does, so that the text form lacks them from then on.
 * https://github.com/prometheus/OpenMetrics/blob/v1.0.0/specification/OpenMetrics.md#abnf
 */
export function toOpenMetrics(text: string): string {
  const families = text
    .replace(/^# HELP (\S+)_total (.*)\n# TYPE \1_total counter$/gm, "# HELP $1 $2\n# TYPE $1 counter")
    .replace(/\n{2,}/g, "\n");
  return `${families}# EOF\n`;
}
