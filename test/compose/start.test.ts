import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { runProgram } from "../../daemon/cli/program.ts";
import { noTerminal } from "../../daemon/cli/terminal.ts";
import { start } from "../../daemon/compose/start.ts";
import { options, type RawOptions } from "../../daemon/config/settings.ts";
import { systemClock } from "../../daemon/time/clock.ts";
import { openMessages } from "../notify/no-messages.ts";
import { everyRow } from "../rows.ts";

const { signal } = new AbortController();

/** Runs the process' entry with a world in which everything fails that is touched. */
async function run(raw: RawOptions) {
  let err = "";
  const io = {
    environment: {},
    version: "1.2.3",
    terminal: noTerminal,
    out: () => assert.fail("something was printed"),
    err: (text: string) => {
      err += text;
    },
    clock: systemClock,
    random: Math.random,
    openMessages,
    connect: () => assert.fail("a cluster was asked for"),
  };
  const untouched = {
    ...io,
    log: new PassThrough().on("data", () => assert.fail("something was logged")),
    instance: "rebootd-x7k2p",
    connect: () => assert.fail("the kubeconfig was read"),
    readText: () => assert.fail("a file was read"),
    createHost: () => assert.fail("the host was touched"),
  };
  const args = Object.entries(raw).flatMap(([name, given]) =>
    [given].flat().map((one) => `--${name}=${one}`),
  );
  const begin = (typed: RawOptions) => start(typed, untouched, signal);
  return { code: await runProgram(["run", "--node-id=n1", ...args], io, begin, signal), err };
}

const url = "http://prometheus:9090";
const prometheus = { "prometheus-url": url };
const node = 'node="{node}"';
const silencing = { "alertmanager-url": url, "silence-matchers": node };

/** Every rule between options. */
const contradictions: [raw: RawOptions, message: string][] = [
  [{ "ds-name": "x", "lock-object": "lease/y" }, "--ds-name and --lock-object are mutually exclusive"],
  [{ "max-per-pool": "2" }, "--max-per-pool requires --pool-label"],
  ...(["pre-reboot-node-labels", "post-reboot-node-labels"] as const).map((name): [RawOptions, string] => [
    { "request-label": "a/b=c", [name]: "x=y,a/b=d" },
    `invalid value "a/b" for --request-label: must be another label than --${name} has, for example example.com/reboot`,
  ]),
  [
    { "request-label": "a/b", "pool-label": "a/b" },
    'invalid value "a/b" for --request-label: must be another label than --pool-label has, for example example.com/reboot',
  ],
  [{ "metrics-tls-cert-file": "/tls" }, "--metrics-tls-cert-file requires --metrics-tls-key-file"],
  [{ "metrics-tls-key-file": "/tls" }, "--metrics-tls-key-file requires --metrics-tls-cert-file"],
  [{ "blocking-pod-namespace": "shop" }, "--blocking-pod-namespace requires --blocking-pod-selector"],
  [{ "opt-outs-late": "give-up" }, "--opt-outs-late requires --wait-for-opt-outs"],
  [
    { "drain-escalation": "evict,reboot", "force-reboot": "true" },
    "--force-reboot and --drain-escalation are mutually exclusive",
  ],
  [
    { "drain-escalation": "evict,delete:1m", "disable-eviction": "true" },
    "--disable-eviction and --drain-escalation are mutually exclusive",
  ],
  [
    { "surge-selector": "app=web", "drain-timeout": "5m" },
    'invalid value "300s" for --surge-timeout: must be shorter than the drain (300s), for example 5m with --drain-timeout=15m',
  ],
  [
    { "drain-escalation": "evict:15m,delete" },
    'invalid value "evict:15m,delete" for --drain-escalation: must leave at least 1s of --drain-timeout for delete, for example evict:10m,delete with --drain-timeout=15m',
  ],
  [
    { window: "0 2 * * * for 4h", "window-margin": "4h" },
    'invalid value "14400s" for --window-margin: must be shorter than the longest window, which lasts 14400s, for example 7200s',
  ],
  [
    { "healthy-when": ["v1/Node: true", "v1/Node: state.phase == 'x'"] },
    "invalid value \"v1/Node: state.phase == 'x'\" for --healthy-when: must have an expression of CEL that is true or false, for example status.phase == 'Ready', but Unknown variable: state at character 1 of \"state.phase == 'x'\"",
  ],
  [
    { "healthy-before-uncordon": "v1/Node: status.a ==" },
    'invalid value "v1/Node: status.a ==" for --healthy-before-uncordon: must have an expression of CEL that is true or false, for example status.phase == \'Ready\', but Unexpected token: EOF at character 12 of "status.a =="',
  ],
  [{ "block-on-query": "up == 0" }, "--block-on-query requires --prometheus-url"],
  [{ "alertmanager-url": url }, "--alertmanager-url requires --prometheus-url or --silence-matchers"],
  [{ "silence-matchers": node }, "--silence-matchers requires --alertmanager-url"],
  [{ ...prometheus, "silence-matchers": node }, "--silence-matchers requires --alertmanager-url"],
  [{ "alert-matchers": "severity=critical" }, "--alert-matchers requires --prometheus-url"],
  [{ "alerts-max-age": "24h" }, "--alerts-max-age requires --prometheus-url"],
  [
    { "prometheus-header": "a: secret" },
    "--prometheus-header requires --prometheus-url or --silence-matchers",
  ],
  [{ "prometheus-ca-file": "/ca" }, "--prometheus-ca-file requires --prometheus-url or --silence-matchers"],
  [
    { "prometheus-bearer-token-file": "/t" },
    "--prometheus-bearer-token-file requires --prometheus-url or --silence-matchers",
  ],
  [
    { "prometheus-basic-auth-file": "/b" },
    "--prometheus-basic-auth-file requires --prometheus-url or --silence-matchers",
  ],
  [
    { ...prometheus, "prometheus-bearer-token-file": "/t", "prometheus-basic-auth-file": "/b" },
    "--prometheus-bearer-token-file and --prometheus-basic-auth-file are mutually exclusive",
  ],
  [
    { "prometheus-url": "http://me:secret@prometheus", "prometheus-bearer-token-file": "/t" },
    "user and password in --prometheus-url and --prometheus-bearer-token-file are mutually exclusive",
  ],
  [
    { "prometheus-url": "http://me:secret@prometheus", "prometheus-basic-auth-file": "/b" },
    "user and password in --prometheus-url and --prometheus-basic-auth-file are mutually exclusive",
  ],
  [
    { "prometheus-url": "http://me:sec%ret@prometheus" },
    'invalid value "http://…@prometheus" for --prometheus-url: must be a URL in whose user and password each % is written as %25, for example http://me:100%25@host',
  ],
  [
    { ...silencing, "prometheus-bearer-token-file": "/t", "prometheus-basic-auth-file": "/b" },
    "--prometheus-bearer-token-file and --prometheus-basic-auth-file are mutually exclusive",
  ],
  [{ ...silencing, "block-on-query": "up == 0" }, "--block-on-query requires --prometheus-url"],
  [
    { ...prometheus, "alertmanager-url": "http://me:sec%ret@alertmanager" },
    'invalid value "http://…@alertmanager" for --alertmanager-url: must be a URL in whose user and password each % is written as %25, for example http://me:100%25@host',
  ],
];

const noContradictions: RawOptions[] = [
  {},
  { "alert-filter-regexp": "x", "alert-firing-only": "true" },
  { ...prometheus, "block-on-query": ["a", "b"], "alert-matchers": "a=b", "alerts-max-age": "24h" },
  { ...prometheus, "alertmanager-url": "http://me:secret@alertmanager", "prometheus-header": "a: b" },
  { ...prometheus, "block-on-query": ["a", "b"], "prometheus-bearer-token-file": "/t" },
  {
    ...prometheus,
    "alertmanager-url": "http://me:secret@alertmanager",
    "prometheus-bearer-token-file": "/t",
  },
  silencing,
  { ...silencing, "prometheus-bearer-token-file": "/t", "prometheus-header": "a: b" },
  { ...silencing, ...prometheus },
  { "metrics-tls-cert-file": "/tls", "metrics-tls-key-file": "/other" },
  { "max-per-pool": "2", "pool-label": "example.com/pool" },
  { "blocking-pod-namespace": "shop", "blocking-pod-selector": "app=db" },
  { "opt-outs-late": "go-on" },
  { "opt-outs-late": "give-up", "wait-for-opt-outs": "6h" },
  { window: "0 2 * * * for 4h", "window-margin": "3h" },
  { "healthy-when": "v1/Node: true", "healthy-before-uncordon": ["v1/Node: true", "v1/Pod: has(status.a)"] },
];

describe("A daemon whose options contradict each other", () => {
  it("ends with 2 and one line that names them, before a file, the host or the network is touched", () =>
    everyRow(
      contradictions.map(([raw, message]) => [JSON.stringify(raw), raw, message] as const),
      async (raw, message) => assert.deepEqual(await run(raw), { code: 2, err: `rebootd: ${message}\n` }),
    ));

  it("is not one whose options may be combined: that goes on to read the kubeconfig", () =>
    everyRow(
      noContradictions.map((raw) => [JSON.stringify(raw), raw] as const),
      (raw) => assert.rejects(run(raw), /the kubeconfig was read/),
    ));

  it("ends so for each option that requires another one", () => {
    const stated = Object.entries(options).flatMap(([name, { help }]) =>
      [...help.matchAll(/requires --([a-z-]+)/g)].map(([, other]) => `--${name} requires --${other}`),
    );
    assert.ok(stated.length >= 4, "the help states it");
    const refused = contradictions.map(([, message]) => message);
    assert.deepEqual(
      stated.filter((rule) => !refused.includes(rule)),
      [],
    );
  });
});
