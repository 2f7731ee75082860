/** The keys of `rebootd watch`. Pure. */

export const sortings = ["wait", "name", "phase"] as const;
export type Sorting = (typeof sortings)[number];

/** The part of the view that a person chooses. */
export interface WatchState {
  sorting: Sorting;
  /** The first line of the body that is shown. */
  offset: number;
  isOver: boolean;
}

/** The size of the body: its lines, and how many of them fit. */
export interface Extent {
  lines: number;
  room: number;
}

export const firstState: WatchState = { sorting: "wait", offset: 0, isOver: false };

/** Makes the offset one at which there is something to see. */
export function clampedOffset(offset: number, { lines, room }: Extent): number {
  return Math.max(0, Math.min(offset, lines - room));
}

type Change = (state: WatchState, extent: Extent) => WatchState;

const quit: Change = (state) => ({ ...state, isOver: true });
const moved =
  (by: (extent: Extent) => number): Change =>
  (state, extent) => ({ ...state, offset: clampedOffset(state.offset + by(extent), extent) });
const nextSorting: Change = ({ sorting, ...state }) => ({
  ...state,
  sorting: sortings[(sortings.indexOf(sorting) + 1) % sortings.length] ?? sorting,
  offset: 0,
});
const up = moved(() => -1);
const down = moved(() => 1);
const pageUp = moved(({ room }) => -room);
const pageDown = moved(({ room }) => room);
const toStart = moved(() => Number.NEGATIVE_INFINITY);
const toEnd = moved(({ lines }) => lines);

const esc = "\u001b";

/** Each key as terminals send it: https://invisible-island.net/xterm/ctlseqs/ctlseqs.html */
const keys: Readonly<Record<string, Change>> = {
  q: quit,
  Q: quit,
  "\u0003": quit,
  s: nextSorting,
  k: up,
  [`${esc}[A`]: up,
  [`${esc}OA`]: up,
  j: down,
  [`${esc}[B`]: down,
  [`${esc}OB`]: down,
  b: pageUp,
  [`${esc}[5~`]: pageUp,
  " ": pageDown,
  [`${esc}[6~`]: pageDown,
  g: toStart,
  [`${esc}[H`]: toStart,
  [`${esc}OH`]: toStart,
  G: toEnd,
  [`${esc}[F`]: toEnd,
  [`${esc}OF`]: toEnd,
};

const oneKey = new RegExp(`${esc}\\[[0-9;]*[A-Za-z~]|${esc}O[A-Z]|[\\s\\S]`, "g");

/** The state after what the terminal has sent, which may be several keys; unknown ones change nothing. */
export function pressed(state: WatchState, sent: string, extent: Extent): WatchState {
  return (sent.match(oneKey) ?? []).reduce((now, key) => keys[key]?.(now, extent) ?? now, state);
}
