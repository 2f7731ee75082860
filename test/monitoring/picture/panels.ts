/** The kinds of panels, each as SVG in a box whose corner is 0 0. */
import { lastOf, type Series, type ShownPanel, type Span } from "./data.ts";
import { colours, cut, round, shownValue, text, xml } from "./svg.ts";

export interface Box {
  width: number;
  height: number;
}

export function drawPanel(panel: ShownPanel, series: readonly Series[], span: Span, box: Box): string[] {
  const { unit } = panel.fieldConfig.defaults;
  switch (panel.type) {
    case "stat":
      return stat(panel, series, span, box);
    case "timeseries":
      return chart(series, { span, box, unit, stacked: isStacked(panel) });
    case "state-timeline":
      return states(panel, series, span, box);
    case "bargauge":
      return bars(series, unit, span, box);
    case "table":
      return table(series, box);
  }
}

const isStacked = (panel: ShownPanel) => panel.fieldConfig.defaults.custom?.stacking.mode === "normal";
const small = 11;
const pad = 10;

function stat(panel: ShownPanel, [first]: readonly Series[], { to }: Span, { width, height }: Box): string[] {
  const value = first === undefined ? undefined : lastOf(first);
  const { unit, thresholds } = panel.fieldConfig.defaults;
  const step = thresholds.steps.findLast((one) => one.value === null || (value ?? 0) >= one.value);
  const shown = shownValue(value, unit, to);
  const size = shown.length > 8 ? 20 : 32;
  return [
    `<text x="${width / 2}" y="${height / 2 + 12}" font-size="${size}" text-anchor="middle" fill="${colours[step?.color ?? "green"]}">${xml(shown)}</text>`,
  ];
}

interface ChartOptions {
  span: Span;
  box: Box;
  unit: string;
  stacked: boolean;
}

function chart(all: readonly Series[], { span, box, unit, stacked }: ChartOptions): string[] {
  const series = all.filter(({ points }) => points.some(([, value]) => value > 0) || all.length < 4);
  const bottom = box.height - 24 - Math.ceil(series.length / 3) * 14;
  const sums = new Map<number, number>();
  const layers = series.map(({ points }) =>
    points.map(([at, value]) => {
      const from = stacked ? (sums.get(at) ?? 0) : 0;
      sums.set(at, from + value);
      return { at, from, to: from + value };
    }),
  );
  const top = Math.max(1e-9, ...layers.flat().map(({ to }) => to));
  const x = (at: number) => round(40 + ((at - span.from) / (span.to - span.from)) * (box.width - 52));
  const y = (value: number) => round(bottom - (value / top) * (bottom - 12));
  const drawn = layers.flatMap((points, n) =>
    runs(points, span.step).flatMap((run) => {
      const colour = palette(n);
      const line = run.map(({ at, to }) => `${x(at)},${y(to)}`).join(" ");
      const back = run.toReversed().map(({ at, from }) => `${x(at)},${y(from)}`);
      return [
        ...(stacked
          ? [`<polygon points="${line} ${back.join(" ")}" fill="${colour}" fill-opacity="0.3"/>`]
          : []),
        `<polyline points="${line}" fill="none" stroke="${colour}" stroke-width="1.5"/>`,
      ];
    }),
  );
  return [
    ...[0, top].flatMap((value) => [
      `<line class="grid" x1="40" x2="${box.width - 12}" y1="${y(value)}" y2="${y(value)}"/>`,
      text(shownValue(value, unit, span.to), { x: 36, y: y(value) + 4, size: small, end: true, faint: true }),
    ]),
    ...drawn,
    ...timeAxis(span, x, bottom + 14),
    ...legend(
      series.map(({ name }, n) => [name, palette(n)]),
      { x: 40, y: bottom + 30, width: box.width - 52 },
    ),
  ];
}

/** Points without a gap between them. */
function runs<P extends { at: number }>(points: readonly P[], step: number): P[][] {
  const found: P[][] = [];
  for (const point of points) {
    const run = found.at(-1);
    const before = run?.at(-1);
    if (run !== undefined && before !== undefined && point.at - before.at < step * 1.5) run.push(point);
    else found.push([point]);
  }
  return found;
}

function states(panel: ShownPanel, series: readonly Series[], span: Span, box: Box): string[] {
  const options = panel.fieldConfig.defaults.mappings?.[0]?.options ?? {};
  const bottom = box.height - 38;
  const height = (bottom - 4) / Math.max(1, series.length);
  const x = (at: number) => round(56 + ((at - span.from) / (span.to - span.from)) * (box.width - 68));
  const rows = series.flatMap(({ name, points }, n) => {
    const y = 4 + n * height;
    const bands = runs(
      points.map(([at, value]) => ({ at, value })),
      span.step,
    ).flatMap((run) => equalParts(run, span.step));
    return [
      text(cut(name, 8), { x: 50, y: y + height / 2 + 4, size: small, end: true, faint: true }),
      ...bands.map(({ from, to, value }) => {
        const fill = colours[options[`${value}`]?.color ?? "gray"];
        const width = round(Math.max(1, x(Math.min(to, span.to)) - x(from)));
        return `<rect x="${x(from)}" y="${round(y + height * 0.1)}" width="${width}" height="${round(height * 0.8)}" fill="${fill}" fill-opacity="0.8"/>`;
      }),
    ];
  });
  const names = Object.values(options).map(({ text: name, color }) => [name, colours[color]] as const);
  return [
    ...rows,
    ...timeAxis(span, x, bottom + 12),
    ...legend(names, { x: 56, y: bottom + 30, width: box.width - 68 }),
  ];
}

/** Each value up to the next point. */
function equalParts(run: readonly { at: number; value: number }[], step: number) {
  const parts: { from: number; to: number; value: number }[] = [];
  for (const { at, value } of run) {
    const last = parts.at(-1);
    if (last?.value === value) last.to = at + step;
    else parts.push({ from: at, to: at + step, value });
  }
  return parts;
}

function bars(all: readonly Series[], unit: string, { to }: Span, box: Box): string[] {
  const series = all
    .filter((one) => Number.isFinite(lastOf(one)))
    .sort((a, b) => a.name.localeCompare(b.name));
  const most = Math.max(1e-9, ...series.map((one) => lastOf(one) ?? 0));
  const height = (box.height - 12) / Math.max(1, series.length);
  const left = 110;
  return series.flatMap((one, n) => {
    const value = lastOf(one) ?? 0;
    const y = 4 + n * height;
    const width = round(Math.max(1, (value / most) * (box.width - left - 90)));
    return [
      text(cut(one.name || "none", 16), { x: left - 8, y: y + height / 2 + 4, size: small, end: true }),
      `<rect x="${left}" y="${round(y + height * 0.15)}" width="${width}" height="${round(height * 0.7)}" fill="${colours.green}" fill-opacity="0.7"/>`,
      text(shownValue(value, unit, to), { x: left + width + 6, y: y + height / 2 + 4, size: small }),
    ];
  });
}

const table = (series: readonly Series[], { width }: Box): string[] =>
  series.flatMap((one, n) => [
    text(one.name, { x: pad, y: 20 + n * 20, size: 13 }),
    text(`${lastOf(one)}`, { x: width - pad, y: 20 + n * 20, size: 13, end: true }),
  ]);

const timeAxis = (span: Span, x: (at: number) => number, y: number): string[] =>
  [0, 0.25, 0.5, 0.75, 1].map((part) => {
    const at = span.from + part * (span.to - span.from);
    const shown = new Date(at * 1000).toISOString().slice(11, 19);
    return text(shown, { x: x(at), y, size: 10, end: part === 1, middle: part > 0 && part < 1, faint: true });
  });

interface Place {
  x: number;
  y: number;
  width: number;
}

function legend(names: readonly (readonly [name: string, colour: string])[], place: Place): string[] {
  const columns = names.length > 3 && place.width > 700 ? names.length : 3;
  const width = place.width / columns;
  return names.flatMap(([name, colour], n) => {
    const x = round(place.x + (n % columns) * width);
    const y = place.y + Math.floor(n / columns) * 14;
    return [
      `<rect x="${x}" y="${y - 8}" width="10" height="8" fill="${colour}"/>`,
      text(cut(name, Math.floor((width - 14) / 6)), { x: x + 14, y, size: small, faint: true }),
    ];
  });
}

function palette(n: number): string {
  const all = Object.values(colours);
  return all[n % all.length] ?? colours.gray;
}
