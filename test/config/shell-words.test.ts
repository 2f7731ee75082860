import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { randomInt } from "node:crypto";
import fc from "fast-check";
import { shellWords } from "../../daemon/config/shell-words.ts";
import { everyRow } from "../rows.ts";

const seed = randomInt(2 ** 31);

describe("The words of a command", () => {
  const rows: [text: string, words: string[]][] = [
    ["/bin/systemctl reboot", ["/bin/systemctl", "reboot"]],
    [" \t a\r\n b ", ["a", "b"]],
    [`sh -c "test \\"$(cat kw)\\" != \\"$(uname -r)\\""`, ["sh", "-c", 'test "$(cat kw)" != "$(uname -r)"']],
    [`sh -c "grep -q \\"reboot required\\" state"`, ["sh", "-c", 'grep -q "reboot required" state']],
    ["sh -c 'test \"$(cat a)\" = b'", ["sh", "-c", 'test "$(cat a)" = b']],
    ["test -e /run/a\\ b", ["test", "-e", "/run/a b"]],
    [`--file="/run/my file"'s'`, ["--file=/run/my files"]],
    [`'it'\\''s'`, ["it's"]],
    [`a "" ''`, ["a", "", ""]],
    ["\\'a\\'", ["'a'"]],
    // Between double quotes a backslash is itself, but before what would mean something there.
    ['"a\\.b\\n\\$\\`\\"\\\\"', ['a\\.b\\n$`"\\']],
    ["'a\\b'", ["a\\b"]],
    ["a\\\nb \\\n c", ["ab", "c"]],
    ["'a\nb'", ["a\nb"]],
    ["a | b && c > d; $HOME * `e`", ["a", "|", "b", "&&", "c", ">", "d;", "$HOME", "*", "`e`"]],
    ["a#b # and more 'of it\nc", ["a#b", "c"]],
    ["'#a' \\#b", ["#a", "#b"]],
    ["ä 'ö ü'", ["ä", "ö ü"]],
    ["", []],
    [" # nothing", []],
  ];
  it("are split and unquoted as by a shell", () =>
    everyRow(
      rows.map(([text, words]) => [JSON.stringify(text), text, words] as const),
      (text, words) => assert.deepEqual(shellWords(text), words),
    ));

  const refused: [text: string, why: string][] = [
    ["sh -c 'reboot", "the quote ' at character 7 is not closed"],
    ['sh -c "reboot', 'the quote " at character 7 is not closed'],
    ['a "b\\"', 'the quote " at character 3 is not closed'],
    ["it's", "the quote ' at character 3 is not closed"],
    ["a\\", "nothing follows the backslash at its end"],
  ];
  it("are refused where a quote is not closed, or nothing follows a backslash", () =>
    everyRow(
      refused.map(([text, why]) => [JSON.stringify(text), text, why] as const),
      (text, why) => assert.throws(() => shellWords(text), new Error(why)),
    ));

  it(`equal those of this machine's shell (seed ${seed})`, () => {
    const text = fc
      .array(fc.constantFrom("a", "b", " ", "'", '"', "\\", "#", "\t", "-", "\\a"), { maxLength: 14 })
      .map((parts) => parts.join(""));
    const texts = fc.sample(text, { numRuns: 300, seed }).filter(isWhole);
    assert.ok(texts.length > 50);
    const script = texts.map((one) => `printf '[%s]' x ${one}\nprintf '\\0'`).join("\n");
    const { stdout, status } = spawnSync("sh", ["-c", script], { encoding: "utf8" });
    assert.equal(status, 0);
    const ours = texts.map((one) => ["x", ...shellWords(one)].map((word) => `[${word}]`).join(""));
    assert.deepEqual(stdout.split("\0").slice(0, -1), ours);
  });
});

function isWhole(text: string): boolean {
  try {
    shellWords(text);
    return true;
  } catch {
    return false;
  }
}
