import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { createScreen, frame } from "../../daemon/cli/screen.ts";

function terminal(isTTY = true) {
  const written: string[] = [];
  const raw: boolean[] = [];
  const output = Object.assign(new EventEmitter(), {
    ...{ isTTY, columns: 40, rows: 5 },
    write: (text: string) => written.push(text),
  });
  const input = Object.assign(new EventEmitter(), {
    isTTY: true,
    setRawMode: (isRaw: boolean) => raw.push(isRaw),
    setEncoding() {},
    resume() {},
    pause() {},
  });
  return { written, raw, input, output, screen: createScreen(input, output, {}) };
}

describe("The screen", () => {
  it("is there only on a terminal whose cursor can be moved", () => {
    assert.equal(terminal(false).screen, undefined);
    const { input, output } = terminal();
    assert.equal(createScreen(input, output, { TERM: "dumb" }), undefined);
  });

  it("passes keys and changes of the size on, and gives the window back once", () => {
    const { written, raw, input, output, screen = assert.fail() } = terminal();
    const seen: string[] = [];
    screen.open({ onKey: (key) => seen.push(key), onResize: () => seen.push("resize") });
    input.emit("data", "q");
    output.emit("resize");
    screen.close();
    screen.close();
    input.emit("data", "x");
    assert.deepEqual(
      [seen, raw],
      [
        ["q", "resize"],
        [true, false],
      ],
    );
    assert.deepEqual(written, ["\u001b[?1049h\u001b[?25l", "\u001b[?25h\u001b[?1049l"]);
    assert.deepEqual([input.listenerCount("data"), output.listenerCount("resize")], [0, 0]);
  });

  it("draws from the top, clears what was there, and has no control characters of others", () => {
    const drawn = frame("a\u001b[2J\nb\n", { columns: 40, rows: 5 }, { hasColour: false });
    assert.equal(drawn, "\u001b[Ha [2J\u001b[K\r\nb\u001b[K\u001b[J");
  });

  it("leaves out lines that do not fit, and says how many", () => {
    const drawn = frame("1\n2\n3\n4\n5\n6\n", { columns: 40, rows: 4 }, { hasColour: false });
    assert.ok(drawn.endsWith("3\u001b[K\r\n… 3 more lines\u001b[K\u001b[J"));
  });
});
