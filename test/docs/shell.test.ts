import assert from "node:assert/strict";
import { type Page, readPages } from "./pages.ts";
import { examplesIn, MarkFault, placeholdersIn } from "./shell.ts";

const places = { nodes: ["n1", "n2"], pod: "rebootd-x" } as const;
const page = (text: string): Page => ({ file: "docs/a.md", text });
const one = (text: string) => examplesIn(page(text), places)[0] ?? assert.fail("no example");

describe("Commands in the documentation", () => {
  const examples = readPages().flatMap((read) => examplesIn(read, places));

  it("are mostly run (test/system/docs.test.ts)", () => {
    const forOperators = examples.filter(({ place }) => /^docs\/(?!develop)/.test(place));
    const counts = {
      blocks: [examples.filter(({ run }) => run > 0).length, examples.length],
      commands: [sum(forOperators.map(({ run }) => run)), sum(forOperators.map((one) => one.commands))],
    } as const;
    for (const [of, [run, all]] of Object.entries(counts))
      assert.ok(run / all >= 0.8, `${run} of ${all} ${of} are run:\n${notRun().join("\n")}`);
  });

  const notRun = () =>
    examples.filter(({ run, commands }) => run < commands).map(({ place, reason }) => `${place}: ${reason}`);

  it("have no placeholder that the run does not fill in", () => {
    const faults = examples.flatMap((example) =>
      placeholdersIn(example).map((word) => `${example.place}: ${word}`),
    );
    assert.deepEqual(faults, []);
  });
});

const sum = (numbers: readonly number[]) => numbers.reduce((total, one) => total + one, 0);

describe("An sh block", () => {
  it("is run as a whole, with names for its placeholders", () => {
    const { place, script, commands, run } = one(
      "# A\n```sh\n# both\nrebootd explain NODE...\n\nkubectl logs POD\n```\n",
    );
    assert.equal(script, "rebootd explain n1 n2\nkubectl logs rebootd-x\n");
    assert.deepEqual([place, commands, run], ["docs/a.md:2", 2, 2]);
  });

  it("is a daemon's if it has options alone", () => {
    assert.equal(one("```sh\n--os=rhel\n```").script, "rebootd run --node-id=n1 --once --os=rhel\n");
  });

  it("is one command if its lines are continued", () => {
    assert.equal(one("```sh\na \\\n  b\n```").script, "a b\n");
  });

  it("is not run where a mark has the reason", () => {
    const { script, commands, run, reason } = one(
      "<!-- not run: it needs a cloud -->\n\n```sh\naz login\n```",
    );
    assert.deepEqual([script, commands, run, reason], ["", 1, 0, "it needs a cloud"]);
  });

  it("is run but for the commands that a mark names", () => {
    const { script, run } = one("<!-- not run: `az`: it needs a cloud -->\n```sh\naz login\nb\n```");
    assert.deepEqual([script, run], ["b\n", 1]);
  });

  it("has a mark with a reason, and about one of its commands", () => {
    for (const mark of ["not run", "not run:", "not run: no", "not run: `b`: it needs a cloud"])
      assert.throws(() => one(`<!-- ${mark} -->\n\`\`\`sh\na\n\`\`\``), MarkFault, mark);
    assert.throws(
      () => examplesIn(page("<!-- not run: it is a file -->\n```yaml\na: 1\n```"), places),
      MarkFault,
    );
  });

  it("finds the files that the page shows before it", () => {
    const text = "<!-- file: a.yaml -->\n```yaml\na: 1\n```\n```sh\nkubectl apply -f a.yaml\n```\n";
    assert.deepEqual(examplesIn(page(text), places)[0]?.files, { "a.yaml": "a: 1\n" });
  });

  it("shows what nobody fills in", () => {
    assert.deepEqual(placeholdersIn(one("```sh\nrebootd x NODE FILE 'A B' # THE END\n```")), ["FILE"]);
  });
});
