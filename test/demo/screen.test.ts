import assert from "node:assert/strict";
import { createScreen, type Output, styled } from "./screen.ts";

/** All that the screen writes to a terminal of this size. */
function written(
  use: (screen: ReturnType<typeof createScreen>, output: Output) => void,
  environment: Record<string, string> = {},
  size: Partial<Output> = {},
): string {
  let text = "";
  const write = (more: string) => {
    text += more;
  };
  const output: Output = { isTTY: true, columns: 80, rows: 24, ...size, write };
  use(createScreen(output, environment), output);
  return text;
}

const [enter, leave] = ["\u001b[?1049h\u001b[?25l", "\u001b[?25h\u001b[?1049l"];
const green = [styled("Ready", "green")];

describe("The screen", () => {
  it("draws over what it drew before, on a screen of its own", () => {
    const text = written((screen) => {
      screen.draw(["one", "two"]);
      screen.draw(["three"]);
    });
    assert.equal(text, `${enter}\u001b[Hone\u001b[K\r\ntwo\u001b[K\u001b[J\u001b[Hthree\u001b[K\u001b[J`);
  });

  it("leaves the terminal with its cursor and the last picture, once", () => {
    const text = written((screen) => {
      screen.draw(["one"]);
      screen.close();
      screen.close();
    });
    assert.ok(text.endsWith(`${leave}one\n`), JSON.stringify(text));
    assert.equal(text.split(leave).length, 2);
  });

  it("prints below the last picture", () => {
    const text = written((screen) => {
      screen.draw(["one"]);
      screen.print("done");
    });
    assert.ok(text.endsWith(`${leave}one\ndone\n`), JSON.stringify(text));
  });

  it("has no colours where NO_COLOR asks for none, and where it is no terminal", () => {
    const draw = (environment: Record<string, string>) =>
      written((screen) => screen.draw(green), environment);
    assert.ok(draw({ NO_COLOR: "" }).includes("\u001b[32mReady"));
    assert.doesNotMatch(draw({ NO_COLOR: "1" }), /\[\d+m/);
    const printed = written((screen) => screen.print(green.join("")), {}, { isTTY: false });
    assert.equal(printed, "Ready\n");
  });

  it("is no terminal where that is dumb", () => {
    written((screen) => assert.equal(screen.isTerminal, false), { TERM: "dumb" });
    written((screen) => assert.equal(screen.isTerminal, true), { TERM: "xterm" });
  });

  it("draws no more than the terminal is high, also after a change of its size", () => {
    const lines = ["head", "n1", "n2", "n3", "n4"];
    const text = written((screen, output) => {
      screen.draw(lines);
      output.rows = 4;
      output.columns = 40;
      screen.draw(lines);
      assert.equal(screen.columns, 40);
    });
    const [, high = "", low = ""] = text.split("\u001b[H");
    assert.ok(high.includes("n4"));
    assert.match(low, /head[^\n]*\nn1[^\n]*\nn2[^\n]*\n… and 2 more/);
  });
});
