import type { Mistake } from "./mistake.ts";

/** Mistakes in the keys, and in the syntax of YAML. */
export const yamlMistakes: Readonly<Record<string, Mistake>> = {
  "a key with a slip": {
    file: ["rebotDays: mo"],
    says: '/etc/rebootd/config.yaml:1:1: unknown key "rebotDays": did you mean rebootDays?',
  },
  "a key with letters swapped": {
    file: ["concurrnecy: 2"],
    says: '/etc/rebootd/config.yaml:1:1: unknown key "concurrnecy": did you mean concurrency?',
  },
  "a key in another case": {
    file: ["Rebootdays: mo"],
    says: '/etc/rebootd/config.yaml:1:1: unknown key "Rebootdays": did you mean rebootDays?',
  },
  "a key as on the command line": {
    file: ["reboot-days: mo"],
    says: '/etc/rebootd/config.yaml:1:1: unknown key "reboot-days": did you mean rebootDays?',
  },
  "a key as in the environment": {
    file: ["REBOOT_DAYS: mo"],
    says: '/etc/rebootd/config.yaml:1:1: unknown key "REBOOT_DAYS": did you mean rebootDays?',
  },
  "a key of nothing": {
    file: ["period: 5m", "dryRun: true"],
    says: "/etc/rebootd/config.yaml:2:1: unknown key \"dryRun\": must be a key that 'rebootd config --schema' lists",
  },
  "a key of every object": {
    file: ["__proto__: 1"],
    says: "/etc/rebootd/config.yaml:1:1: unknown key \"__proto__\": must be a key that 'rebootd config --schema' lists",
  },
  "a merge key": {
    file: ["base: &base", "  period: 5m", "<<: *base"],
    says: "/etc/rebootd/config.yaml:1:1: unknown key \"base\": must be a key that 'rebootd config --schema' lists (and 1 more: rebootd config --check /etc/rebootd/config.yaml)",
  },
  "a key twice": {
    file: ["period: 5m", "concurrency: 2", "period: 6m"],
    says: '/etc/rebootd/config.yaml:3:1: the key "period" is there twice, first on line 1: must be once',
  },
  "a key that is a list": {
    file: ["? [period]", ": 5m"],
    says: "/etc/rebootd/config.yaml:1:3: a key must be a word, for example rebootDays",
  },
  "keys under a heading": {
    file: ["configuration:", "  period: 5m"],
    says: "/etc/rebootd/config.yaml:1:1: unknown key \"configuration\": must be a key that 'rebootd config --schema' lists",
  },
  "an alias": {
    file: ["period: &often 5m", "rebootDelay: *often"],
    says: "/etc/rebootd/config.yaml:2:14: invalid value for rebootDelay: must be a duration of at most 576h, for example 90s, 15m or 1h30m; a text that begins with * must be in quotes",
  },
  "an alias of nothing": {
    file: ["rebootDelay: *often"],
    says: "/etc/rebootd/config.yaml:1:14: invalid value for rebootDelay: must be a duration of at most 576h, for example 90s, 15m or 1h30m; a text that begins with * must be in quotes",
  },
  "an anchor that grows": {
    file: ["window: &a [x, x, x]", "blackout: [*a, *a, *a]"],
    says: '/etc/rebootd/config.yaml:1:13: invalid value "x" for window: must be "CRON for DURATION" or "CRON for DURATION in ZONE", with 5 fields of cron or a word such as @daily, and from 1m to 168h, for example "0 2 * * sat#1 for 4h in Europe/Warsaw" (and 5 more: rebootd config --check /etc/rebootd/config.yaml)',
  },
  "a tag": {
    file: ["period: !duration 5m"],
    says: "/etc/rebootd/config.yaml:1:9: tags are not supported: remove the word that begins with !",
  },
  "several documents": {
    file: ["period: 5m", "---", "period: 6m"],
    says: "/etc/rebootd/config.yaml:2:1: the file has several documents: must be one, without ---",
  },
  "a directive": {
    file: ["%FOO bar", "---", "period: 5m"],
    says: "/etc/rebootd/config.yaml:1:1: directives are not supported: remove the line that begins with %",
  },
  "a tab": {
    file: ["window:", "\t- 0 2 * * sat for 4h"],
    says: "/etc/rebootd/config.yaml:2:1: tabs must not indent: use blanks",
  },
  "a bracket that is not closed": {
    file: ["rebootDays: [mo, tu", "period: 5m"],
    says: "/etc/rebootd/config.yaml:2:1: wrong indentation: all keys must begin in the first column, and brackets must be closed",
  },
  "a quote that is not closed": {
    file: ['clusterName: "prod', "period: 5m"],
    says: '/etc/rebootd/config.yaml:3:1: a quote, a bracket, or a ":" after a key is missing',
  },
  "an escape that does not exist": {
    file: ['alertFilterRegexp: "\\d+"'],
    says: "/etc/rebootd/config.yaml:1:21: invalid escape in double quotes: write \\\\ for a backslash, or use single quotes",
  },
  "a colon in a text": {
    file: ["blockOnQuery: sum(x): y"],
    says: '/etc/rebootd/config.yaml:1:15: a text with ": " in it must be in quotes, and each key must be on a line of its own',
  },
  "a key without a colon": {
    file: ["period 5m", "concurrency: 2"],
    says: '/etc/rebootd/config.yaml:1:1: must be "key: value" on one line',
  },
  "keys of different columns": {
    file: ["period: 5m", " concurrency: 2"],
    says: '/etc/rebootd/config.yaml:1:9: a text with ": " in it must be in quotes, and each key must be on a line of its own',
  },
  "a list of options": {
    file: ["- period: 5m"],
    says: '/etc/rebootd/config.yaml:1:1: must be "key: value" on each line, for example rebootDays: mo,tu',
  },
  "a command line": {
    file: ["--period=5m"],
    says: '/etc/rebootd/config.yaml:1:1: must be "key: value" on each line, for example rebootDays: mo,tu',
  },
  "an empty file": {
    file: [],
    says: "/etc/rebootd/config.yaml:1:1: the file has no keys: must have one at least, or be {}; without --config all options are default",
  },
  "comments alone": {
    file: ["# period: 5m"],
    says: "/etc/rebootd/config.yaml:1:1: the file has no keys: must have one at least, or be {}; without --config all options are default",
  },
  "a character that is not of UTF-8": {
    file: ["clusterName: M�nchen"],
    says: "/etc/rebootd/config.yaml:1:15: the file has a character that is none of a text: must be YAML in UTF-8",
  },
  "a control character": {
    file: ["clusterName: a\u0007b"],
    says: "/etc/rebootd/config.yaml:1:15: the file has a character that is none of a text: must be YAML in UTF-8",
  },
  "a file that is too large": {
    file: [`clusterName: ${"x".repeat(70_000)}`],
    says: "/etc/rebootd/config.yaml:1:1: the file is too large: must be at most 64 KiB",
  },
  "brackets without end": {
    file: [`window: ${"[".repeat(5000)}`],
    says: "/etc/rebootd/config.yaml:1:9: brackets are nested too deeply: must be a list of texts",
  },
};
