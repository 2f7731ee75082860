import assert from "node:assert/strict";
import { parseRequest, writeRequest } from "../../daemon/annotations/reboot-request.ts";
import { labelRequest, type RequestLabel } from "../../daemon/annotations/request-label.ts";
import type { CycleRecord } from "../../daemon/cycle/record.ts";
import {
  acceptedFrom,
  isRequestAlone,
  requestedOn,
  servedLabel,
  servedRequest,
  withRequest,
} from "../../daemon/cycle/request.ts";
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
    assert.deepEqual(withRequest({ state: "not-needed" }, { annotation: "disk" }), need);
    assert.deepEqual(withRequest({ state: "unknown", why: "exit code 127" }, { annotation: "disk" }), need);
  });

  it("comes before what the host needs it for", () => {
    const host = { state: "needed", source: "file", reasons: ["linux-image"] } as const;
    const reasons = ["requested", "linux-image"];
    assert.deepEqual(withRequest(host, { annotation: "true" }), { ...host, reasons, request: "true" });
    assert.deepEqual(withRequest(host, { annotation: "false" }), host);
    assert.deepEqual(withRequest(host, { annotation: undefined }), host);
  });

  it("is not less urgent than others where the host could wait", () => {
    const host = { state: "needed", source: "file", reasons: ["patched live"], urgency: "low" } as const;
    assert.equal("urgency" in withRequest(host, { annotation: "true" }), false);
    assert.deepEqual(withRequest(host, { annotation: "false" }), host);
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
    assert.deepEqual(servedRequest({ request: "two lines\na=b" }, { requested: "two\nlines" }), served);
  });
});

describe("A label that requests a reboot", () => {
  const key = "example.com/reboot";
  const any: RequestLabel = { key, value: undefined };
  const exact: RequestLabel = { key, value: "asker" };

  const rows: [
    what: string,
    asked: RequestLabel | undefined,
    labels: Record<string, string> | undefined,
    request: string | undefined,
  ][] = [
    ["is none without the option", undefined, { [key]: "asker" }, undefined],
    ["is none where it is not there", any, { zone: "a" }, undefined],
    ["is none on a Node without labels", any, undefined, undefined],
    ["is none by the name of something that every object has", { ...any, key: "constructor" }, {}, undefined],
    ["has any value", any, { [key]: "asker" }, `${key}=asker`],
    ["may have no value", any, { [key]: "" }, `${key}=`],
    ["is none with a word for no", any, { [key]: "False" }, undefined],
    ["has the value of the option", exact, { [key]: "asker" }, `${key}=asker`],
    ["is none with another value", exact, { [key]: "other" }, undefined],
    ["is none without that value", exact, { [key]: "" }, undefined],
  ];
  it("is a label of the key, and of the value if the option has one", () =>
    everyRow(rows, (asked, labels, request) => assert.equal(labelRequest(asked, labels), request)));

  const label = `${key}=asker`;
  const request = `\n${label}`;

  it("is a need of its own, and beside an annotation", () => {
    const reasons = [`requested by label ${label}`];
    const node = { requested: undefined, labels: { [key]: "asker" } };
    const need = { state: "needed", source: "label", reasons, request };
    assert.deepEqual(withRequest({ state: "not-needed" }, requestedOn(node, any)), need);
    assert.deepEqual(withRequest({ state: "not-needed" }, requestedOn(undefined, any)), {
      state: "not-needed",
    });
    assert.deepEqual(withRequest({ state: "not-needed" }, { annotation: "disk", label }), {
      state: "needed",
      source: "request",
      reasons: ["requested: disk", ...reasons],
      request: `disk${request}`,
    });
    const host = { state: "needed", source: "file", reasons: [] } as const;
    assert.deepEqual(withRequest(host, { annotation: "false", label }), { ...host, reasons, request });
    assert.deepEqual(
      (["request", "label", "file", "uptime"] as const).map((source) => isRequestAlone({ source })),
      [true, true, false, false],
    );
  });

  it("is served, as the annotation beside it, where it is the one that the reboot was for", () => {
    const removed = { [key]: null };
    const labels = { [key]: "asker" };
    assert.deepEqual(servedLabel({ request }, { labels }, any), removed);
    assert.deepEqual(servedLabel({ request: `disk${request}` }, { labels }, any), removed);
    assert.deepEqual(servedRequest({ request: `disk${request}` }, { requested: "disk" }), {
      "rebootd.dev/reboot-requested": null,
    });
    assert.deepEqual(servedRequest({ request }, { requested: "" }), {});
    assert.deepEqual(servedLabel({ request }, { labels: { [key]: "other" } }, any), {});
    assert.deepEqual(servedLabel({ request: "disk" }, { labels }, any), {});
    assert.deepEqual(servedLabel({ request: undefined }, { labels: {} }, any), {});
    assert.deepEqual(servedLabel({ request }, { labels }, undefined), {});
  });
});
