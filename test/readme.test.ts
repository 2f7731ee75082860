import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { contract } from "../daemon/annotations/names.ts";
import { statusOf } from "../daemon/cli/cluster-status.ts";
import { explanationOf } from "../daemon/cli/explanation.ts";
import { statusText } from "../daemon/cli/status-text.ts";
import type { WholeNode } from "../daemon/cluster/objects.ts";
import type { Option } from "../daemon/config/option.ts";
import { options } from "../daemon/config/settings.ts";
import { type CycleRecord, idleRecord, phases, writeRecord } from "../daemon/cycle/record.ts";
import { parseFailures } from "../daemon/lock/failures.ts";
import { parseLock } from "../daemon/lock/lock.ts";
import type { LockObjectState, LockPlace } from "../daemon/lock/lock-object.ts";
import { iso } from "../daemon/time/iso.ts";
import { everyRow } from "./rows.ts";
import { nodeFlags } from "./world/rebootd.ts";

const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");

const dockerfile = readFileSync(new URL("../Dockerfile", import.meta.url), "utf8");

describe("The image", () => {
  it("runs node with the flags that the daemons of the tests and the benches have", () => {
    const entrypoint = JSON.parse(/^ENTRYPOINT (.*)$/m.exec(dockerfile)?.[1] ?? "[]");
    assert.deepEqual(entrypoint, ["/usr/local/bin/node", ...nodeFlags, "/rebootd.mjs"]);
  });
});

/** The table of options: other tables have rows that begin alike. */
const [, optionSection = ""] = /^## Options$(.*?)^## /ms.exec(readme) ?? [];

describe("The README", () => {
  it("lists every option with its default and its help", () =>
    everyRow(
      Object.entries<Option<unknown>>(options).map(([name, option]) => [name, name, option] as const),
      (name, option) => {
        const value = option.required ? "required" : option.default ? `\`${option.default}\`` : "";
        assert.ok(optionSection.includes(`\n| \`--${name}\` | ${value} | ${option.help} |`));
      },
    ));

  it("explains every phase", () => {
    assert.deepEqual(
      phases.filter((phase) => !readme.includes(`\n| ${phase} | `)),
      [],
    );
  });
});

describe("The examples of the README", () => {
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
  const isInReadme = (printed: string) => assert.ok(readme.includes(`\n\`\`\`\n${printed}\`\`\`\n`), printed);

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
    isInReadme(statusText(statusOf(place, heldBy("n5", 4), nodes, now), false, now));
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
    isInReadme(lines.map((line) => `${line}\n`).join(""));
  });
});
