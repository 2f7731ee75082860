import { linked } from "../time/linked.ts";
import type { Access } from "./access.ts";
import { runLiveView } from "./live-view.ts";
import type { Screen } from "./screen.ts";
import { joined } from "./terminal.ts";
import { firstState, pressed, type WatchState } from "./watch-keys.ts";
import { type WatchedFleet, type WatchView, watchView } from "./watch-view.ts";

/** Shows the fleet on the screen until a key or the signal ends it. The terminal is restored in any case. */
export async function runWatch(access: Access, screen: Screen, signal: AbortSignal): Promise<void> {
  const ended = linked(signal);
  let state: WatchState = firstState;
  let watched: WatchedFleet | undefined;
  let drawn: WatchView | undefined;

  function draw(): void {
    if (watched === undefined) {
      screen.redraw("reading the nodes\n");
      return;
    }
    drawn = watchView(watched, state, screen.size(), access.clock.wall());
    screen.redraw(joined(drawn.lines, "\n"));
  }

  try {
    screen.open({
      onKey(sent) {
        state = pressed(state, sent, drawn?.extent ?? { lines: 0, room: 0 });
        if (state.isOver) ended.end();
        else draw();
      },
      onResize: draw,
    });
    draw();
    const onDraw = (fleet: WatchedFleet["fleet"], trouble: string | undefined) => {
      watched = { fleet, trouble };
      draw();
    };
    await runLiveView(access, { onDraw, everyMs: 1000 }, ended.signal);
  } finally {
    ended.end();
    screen.close();
  }
}
