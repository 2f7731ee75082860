import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { posix } from "node:path";
import { contract } from "../daemon/annotations/names.ts";
import { statusOf } from "../daemon/cli/cluster-status.ts";
import { explanationOf } from "../daemon/cli/explanation.ts";
import { statusText } from "../daemon/cli/status-text.ts";
import type { WholeNode } from "../daemon/cluster/objects.ts";
import { type CycleRecord, idleRecord, phases, writeRecord } from "../daemon/cycle/record.ts";
import { parseFailures } from "../daemon/lock/failures.ts";
import { parseLock } from "../daemon/lock/lock.ts";
import type { LockObjectState, LockPlace } from "../daemon/lock/lock-object.ts";
import { iso } from "../daemon/time/iso.ts";
import { pages } from "./docs/generated/pages.ts";
import { everyRow } from "./rows.ts";

const root = new URL("../", import.meta.url);
const read = (path: string) => readFileSync(new URL(path, root), "utf8");

describe("The README", () => {
  it("has at most 120 lines", () => {
    assert.ok(read("README.md").split("\n").length <= 121);
  });
});

describe("The pages of docs", () => {
  it("are each reachable from docs/README.md", () => {
    const reached = new Set<string>();
    const follow = (path: string) => {
      if (reached.has(path) || !path.endsWith(".md")) return;
      reached.add(path);
      for (const [, to = ""] of read(path).matchAll(/\]\(([^)#\s]+)/g)) {
        if (!URL.canParse(to)) follow(posix.join(posix.dirname(path), to));
      }
    };
    follow("docs/README.md");
    const all = globSync("docs/**/*.md", { cwd: root });
    assert.ok(all.length > 30, all.join("\n"));
    assert.deepEqual(
      all.filter((path) => !reached.has(path)),
      [],
    );
  });

  it("are those that npm run docs writes, where tables of the code have their content", () =>
    everyRow(
      Object.entries(pages).map(([path, text]) => [path, path, text] as const),
      (path, text) => assert.equal(read(`docs/${path}`), text(), "run: npm run docs"),
    ));
});

describe("docs/reference/phases.md", () => {
  it("explains every phase", () => {
    const page = read("docs/reference/phases.md");
    const explained = [...page.matchAll(/^\| ([A-Z][a-z]+) \| \S/gm)].map(([, phase]) => phase);
    assert.deepEqual(explained, phases);
  });
});

describe("docs/design/promises.md", () => {
  const rows = [
    ...read("docs/design/promises.md").matchAll(/^\| (P\d+) \| \*\*(.+?)\.\*\* .* \| (.+) \|$/gm),
  ];

  it("has each promise once, in order", () => {
    assert.deepEqual(
      rows.map(([, number]) => number),
      Array.from({ length: 12 }, (_, place) => `P${place + 1}`),
    );
  });

  it("names the tests that try to break a promise, and they name it", () =>
    everyRow(
      rows.map(([, number = "", promise = "", tests = ""]) => [number, number, promise, tests] as const),
      (number, promise, tests) => {
        const files = [...tests.matchAll(/`([^`]+)`/g)].map(([, file = ""]) => file);
        assert.ok(files.length > 0);
        for (const file of files) {
          assert.match(read(file), new RegExp(`\\b${number}\\b`), `${file} does not name ${number}`);
        }
        assert.match(read(files[0] ?? ""), new RegExp(`\\b${number}, ${promise}`, "i"), files[0]);
      },
    ));
});

describe("The examples of the docs", () => {
  const now = Date.parse("2026-11-24T12:04:00Z");
  const ago = (minutes: number) => iso(now - minutes * 60_000);
  const place: LockPlace = {
    kind: "lease",
    namespace: "kube-system",
    name: "rebootd",
    annotation: contract.lock.key,
  };
  const failures = parseFailures(undefined);
  const heldBy = (nodeID: string, minutes: number): LockObjectState => ({
    lock: parseLock(JSON.stringify({ nodeID, created: ago(minutes), TTL: 0 })),
    version: "1",
    unlocked: [],
    failures,
  });
  const need = (minutes: number, ...reasons: string[]) => ({ source: "file", reasons, since: ago(minutes) });
  const nodeWith = (name: string, record: Partial<CycleRecord>) => ({
    name,
    annotations: { [contract.cycle.key]: writeRecord({ ...idleRecord(now), ...record }) },
  });
  const isIn = (path: string, printed: string) =>
    assert.ok(read(path).includes(`\n\`\`\`\n${printed}\`\`\`\n`), `${path} lacks\n${printed}`);

  it("are what rebootd status prints", () => {
    const pod = "shop/cart-0: finalizer example.com/backup blocks deletion; its owner must remove it";
    const left = `1 pod remains: ${pod}; at 2026-11-24T12:15:00Z the node is restored`;
    const nodes = [
      nodeWith("n5", {
        phase: "Draining",
        since: ago(4),
        need: need(240),
        reasons: [{ gate: "drain", code: "pods-left", message: left, since: ago(3) }],
      }),
      nodeWith("n2", {
        phase: "Waiting",
        since: ago(9),
        need: need(9),
        reasons: [
          { gate: "lock", code: "lock-taken", message: "all slots are taken (1 of 1)", since: ago(9) },
        ],
      }),
      nodeWith("n3", {
        phase: "Failed",
        since: ago(20),
        need: need(240),
        outcome: {
          result: "failed",
          at: ago(20),
          message: "the drain timed out (--drain-timeout); 1 pod remains",
        },
      }),
    ];
    isIn("docs/guide/explain.md", statusText(statusOf(place, heldBy("n5", 4), nodes, now), false, now));
  });

  it("are what rebootd explain prints", () => {
    const record: Partial<CycleRecord> = {
      phase: "Waiting",
      since: ago(120),
      reportedAt: ago(120),
      need: need(180, "linux-image-6.12.57", "libc6"),
      reasons: [
        {
          gate: "window",
          code: "outside",
          message: "outside the maintenance window, which opens next at 2026-11-25T02:00:00.000Z",
          since: ago(120),
        },
        {
          gate: "pods",
          code: "blocking",
          message: "blocking pods are on this node: shop/migration-7",
          since: ago(40),
        },
      ],
    };
    const metadata = nodeWith("n1", record);
    const status = { conditions: [{ type: "Ready", status: "True" }] };
    const daemon = { spec: { nodeName: "n1", containers: [] }, status };
    const node = { metadata, status };
    const health = {
      nodes: new Map<string, WholeNode>([
        ["n1", node],
        ["n2", { metadata: { name: "n2" }, status }],
      ]),
      daemons: [daemon, { ...daemon, spec: { ...daemon.spec, nodeName: "n2" } }],
    };
    const findings = { node, lockState: heldBy("n2", 4), place, hooks: [], health, events: [] };
    const lines = explanationOf(findings, now);
    const printed = lines.map((line) => `${line}\n`).join("");
    isIn("docs/guide/explain.md", printed);
    isIn("README.md", printed);
  });
});
