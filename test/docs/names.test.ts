import assert from "node:assert/strict";
import { everyRow } from "../rows.ts";
import { foreignNames } from "./foreign-names.ts";
import { alertNames, isKnown } from "./known-names.ts";
import { alertNamesIn, type NameKind, namesIn } from "./names.ts";
import { readPages } from "./pages.ts";

const pages = readPages();

describe("Names in the documentation", () => {
  it("exist: options, variables, metrics, keys, reasons, events, conditions, subcommands, paths and scripts", () => {
    const faults = pages.flatMap((page) =>
      namesIn(page)
        .filter(({ kind, name }) => !isKnown(kind, name))
        .map(({ kind, line, name }) => `${page.file}:${line}: unknown ${kind} ${name}`),
    );
    assert.deepEqual([...new Set(faults)], []);
  });

  it("exist: alerts", () => {
    const faults = pages.flatMap((page) =>
      alertNamesIn(page)
        .filter(({ name }) => !alertNames.has(name))
        .map(({ line, name }) => `${page.file}:${line}: unknown alert ${name}`),
    );
    assert.deepEqual(faults, []);
  });

  it("of others are listed as long as a page has them", () => {
    const named = new Set(
      pages.flatMap((page) => namesIn(page).map(({ kind, name }) => `${kind} ${name.replace(/^.* /, "")}`)),
    );
    const unused = Object.entries(foreignNames).flatMap(([kind, names]) =>
      Object.keys(names)
        .map((name) => `${kind} ${name}`)
        .filter((name) => !named.has(name)),
    );
    assert.deepEqual(unused, []);
  });

  it("are found in spans and blocks, and not in prose or in commands of others", () => {
    const text = [
      "Waits: `need` (`cannot-tell`). Prose: --none, rebootd_none, REBOOTD_NONE, none-such.",
      "`--os=rhel`, `rebootd status -o json --blocked`, `kubectl get pods --all-namespaces`,",
      "`kubectl rebootd plan NODE --drain-force=false`, `too-short`, `Draining`, `rest (requested)`,",
      "`manifests/base`, `/run/x`, `rebootd.dev/paused`, `rebootd_phase{phase}`, `npm run types`",
      "```yaml",
      "- {name: REBOOTD_OS, value: rhel}",
      "```",
      "```sh",
      "rebootd explain NODE --output=json   # or --yaml",
      "kubectl get nodes -o x | rebootd wait --for=idle",
      "```",
    ].join("\n");
    const found = namesIn({ file: "a.md", text }).map(({ kind, name, line }) => `${line} ${kind} ${name}`);
    assert.deepEqual(found.toSorted(), [
      "1 gate and code need (cannot-tell)",
      "1 word cannot-tell",
      "10 option wait --for",
      "10 subcommand wait",
      "2 option --os",
      "2 option status --blocked",
      "2 subcommand status",
      "3 option plan --drain-force",
      "3 reason rest (requested)",
      "3 subcommand plan",
      "3 type Draining",
      "3 word too-short",
      "4 key rebootd.dev/paused",
      "4 metric rebootd_phase",
      "4 npm script types",
      "4 path manifests/base",
      "6 variable REBOOTD_OS",
      "9 option explain --output",
      "9 option explain --yaml",
      "9 subcommand explain",
    ]);
  });

  it("are known or not", () =>
    everyRow(
      [
        ["an option", "option", "--os", true],
        ["options that begin so", "option", "--alert-filter-*", true],
        ["options of a subcommand", "option", "status --blocked", true],
        ["an option of another subcommand", "option", "explain --blocked", false],
        ["no option", "option", "--oss", false],
        ["a variable", "variable", "REBOOTD_LOCK_TTL", true],
        ["no variable", "variable", "REBOOTD_LOCK_TLL", false],
        ["a metric", "metric", "rebootd_phase", true],
        ["a part of a histogram", "metric", "rebootd_cycle_duration_seconds_bucket", true],
        ["no metric", "metric", "rebootd_phases", false],
        ["an annotation", "key", "rebootd.dev/cycle", true],
        ["its removal", "key", "rebootd.dev/lock-", true],
        ["no annotation", "key", "rebootd.dev/cycles", false],
        ["a code", "word", "lock-taken", true],
        ["no code", "word", "lock-token", false],
        ["an event", "type", "DrainHeldUp", true],
        ["a reason of a condition", "type", "WindowOutside", true],
        ["no event", "type", "DrainHeldDown", false],
        ["a gate and its code", "reason", "node (unwritable)", true],
        ["a gate without that code", "reason", "window (unwritable)", false],
        ["a gate beside a code that it lacks", "gate and code", "window (unwritable)", false],
        ["two words that are no gate and code", "gate and code", "logind (signal)", true],
        ["a subcommand", "subcommand", "explain", true],
        ["no subcommand", "subcommand", "explains", false],
        ["a file", "path", "daemon/main.ts", true],
        ["a component", "path", "components/mirror", true],
        ["files of any name", "path", "daemon/gates/NAME.ts", true],
        ["no file", "path", "daemon/man.ts", false],
        ["a script", "npm script", "test:unit", true],
        ["no script", "npm script", "test:units", false],
      ] as [string, NameKind, string, boolean][],
      (kind, name, known) => assert.equal(isKnown(kind, name), known),
    ));
});
