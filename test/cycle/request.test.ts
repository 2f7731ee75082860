import assert from "node:assert/strict";
import { parseRequest, writeRequest } from "../../daemon/annotations/reboot-request.ts";
import type { CycleRecord } from "../../daemon/cycle/record.ts";
import { acceptedFrom, servedRequest, withRequest } from "../../daemon/cycle/request.ts";
import { everyRow } from "../rows.ts";
import { idle, iso, noon } from "./builders.ts";

const notUrgent = 'it is not urgent; that is written as "urgent: why"';

describe("A request to reboot", () => {
  const rows: [annotation: string | undefined, request: ReturnType<typeof parseRequest>][] = [
    [undefined, undefined],
    ["", undefined],
    ["false", undefined],
    ["true", { urgent: false }],
    ["new firmware", { urgent: false, reason: "new firmware" }],
    ["urgent", { urgent: true }],
    ["urgent: CVE-2026-1", { urgent: true, reason: "CVE-2026-1" }],
    ["urgent:CVE-2026-1", { urgent: true, reason: "CVE-2026-1" }],
    ["Urgent", { urgent: true }],
    ["URGENT : CVE-2026-1", { urgent: true, reason: "CVE-2026-1" }],
    ["True", { urgent: false }],
    ["yes", { urgent: false }],
    ["true: urgent", { urgent: false, reason: "urgent" }],
    ["no", undefined],
    ["Off", undefined],
    ["0", undefined],
    ["FALSE", undefined],
    ["urgent CVE-2026-1", { urgent: false, reason: "urgent CVE-2026-1", fault: notUrgent }],
    [" urgently needed ", { urgent: false, reason: "urgently needed" }],
    ["x".repeat(300), { urgent: false, reason: `${"x".repeat(199)}…` }],
  ];
  it("is true, a reason, or urgent with or without one", async () => {
    await everyRow(
      rows.map((row) => [`${JSON.stringify(row[0])}`, ...row] as const),
      (annotation, request) => assert.deepEqual(parseRequest(annotation), request),
    );
  });

  it("is read in no time, however long it is, and its reason is short", () => {
    const begin = performance.now();
    for (const start of ["", "urgent", "true", "urgent:", "true:", "urgent x"]) {
      for (const filling of [" ", "\n", "x", ":", "\ud83d"]) {
        const read = parseRequest(`${start}${filling.repeat(250_000)}x`);
        assert.ok((read?.reason ?? "").length <= 200);
      }
    }
    assert.ok(performance.now() - begin < 1000);
  });

  it("is written as it is read", () => {
    for (const [, request] of rows.filter(([, one]) => one !== undefined && one.fault === undefined)) {
      assert.ok(request);
      assert.deepEqual(parseRequest(writeRequest(request)), request);
    }
  });

  it("is a need where the host has none, or cannot tell", () => {
    const need = { state: "needed", source: "request", reasons: ["requested: disk"], request: "disk" };
    assert.deepEqual(withRequest({ state: "not-needed" }, "disk"), need);
    assert.deepEqual(withRequest({ state: "unknown", why: "exit code 127" }, "disk"), need);
  });

  it("comes before what the host needs it for", () => {
    const host = { state: "needed", source: "file", reasons: ["linux-image"] } as const;
    const reasons = ["requested", "linux-image"];
    assert.deepEqual(withRequest(host, "true"), { ...host, reasons, request: "true" });
    assert.deepEqual(withRequest(host, "false"), host);
    assert.deepEqual(withRequest(host, undefined), host);
  });

  it("is not less urgent than others where the host could wait", () => {
    const host = { state: "needed", source: "file", reasons: ["patched live"], urgency: "low" } as const;
    assert.equal("urgency" in withRequest(host, "true"), false);
    assert.deepEqual(withRequest(host, "false"), host);
  });

  const accepted = idle({ acceptedAt: iso(noon) });
  const later = noon + 3_600_000;
  const waits: [what: string, record: CycleRecord, from: number | undefined][] = [
    ["after none that was accepted", idle(), undefined],
    [
      "after none that was accepted, where the node has failed",
      idle({ phase: "Failed", failures: 1 }),
      undefined,
    ],
    ["after one that was served", accepted, later],
    [
      "after one that was accepted for a node that has failed since",
      { ...accepted, failures: 1, request: "memory" },
      later,
    ],
    [
      "after one that was accepted for a node that backs off since",
      { ...accepted, withdrawals: 1, request: "memory" },
      later,
    ],
    [
      "after one that was accepted for a need that stays",
      { ...accepted, reboots: 1, request: "memory" },
      later,
    ],
    ["in the place of one that still waits", { ...accepted, request: "memory" }, undefined],
    ["that is known", { ...accepted, failures: 1, request: "disk" }, undefined],
  ];
  it("is accepted at once, or an hour after the last one that lifted a limit", async () => {
    await everyRow(waits, (record, from) => {
      assert.equal(acceptedFrom(record, "disk", noon + 1), from);
      assert.equal(acceptedFrom(record, "disk", later), undefined);
      assert.equal(acceptedFrom(record, undefined, noon + 1), undefined);
    });
  });

  it("is served where it is the one that the reboot was for", () => {
    const served = { "rebootd.dev/reboot-requested": null };
    assert.deepEqual(servedRequest({ request: "disk" }, { requested: "disk" }), served);
    assert.deepEqual(servedRequest({ request: "disk" }, { requested: "memory" }), {});
    assert.deepEqual(servedRequest({ request: undefined }, { requested: "disk" }), {});
    assert.deepEqual(servedRequest({ request: undefined }, { requested: undefined }), {});
    const long = "x".repeat(300);
    assert.deepEqual(servedRequest({ request: long.slice(0, 200) }, { requested: long }), served);
  });
});
