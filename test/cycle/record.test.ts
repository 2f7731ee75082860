import assert from "node:assert/strict";
import {
  clamped,
  idleAfter,
  idleRecord,
  parseRecord,
  shifted,
  unfailed,
  writeRecord,
} from "../../daemon/cycle/record.ts";
import { everyRow } from "../rows.ts";
import { idle, iso, minute, noon, record } from "./builders.ts";

describe("The record", () => {
  it("reads what it wrote", () => {
    const written = record({ phase: "Draining" });
    assert.deepEqual(parseRecord(writeRecord(written)), { record: written });
  });

  it("holds no character that a terminal obeys", () => {
    const message = "a\u001b[2J\u009b1A\u202e\u200b\u2028";
    const reasons = [{ gate: "alerts", code: "active", message, since: "2026-11-24T12:00:00.000Z" }];
    const written = writeRecord(record({ reasons }));
    assert.match(written, /^\P{C}+$/u);
    assert.deepEqual(parseRecord(written).record?.reasons, reasons);
  });

  it("is absent where there is no annotation", () => {
    assert.deepEqual(parseRecord(undefined), {});
  });

  it("is refused with a fault where it cannot be read", async () => {
    await everyRow(
      [
        ["text", "not json"],
        ["no phase", '{"since":"2026-11-24T12:00:00Z"}'],
        ["a list", "[]"],
        ["null", "null"],
        ["more than fits an object", JSON.stringify({ phase: "Idle", x: "x".repeat(262_144) })],
        [
          "lists in lists that would end who walks through them",
          `{"phase":"Idle","x":${"[".repeat(100_000)}${"]".repeat(100_000)}}`,
        ],
      ] as const,
      (annotation) => {
        const { record, fault } = parseRecord(annotation);
        assert.equal(record, undefined);
        assert.ok(fault);
      },
    );
  });

  it("names its version", () => {
    assert.equal(JSON.parse(writeRecord(record())).version, 1);
  });

  it("of an older version has the defaults of an idle node in what it does not name", () => {
    const { record: read } = parseRecord(
      '{"phase":"Draining","since":"2026-11-24T12:00:00Z","cordoned":true}',
    );
    const { since, ...rest } = idleRecord(0);
    assert.deepEqual(read, { ...rest, phase: "Draining", since: "2026-11-24T12:00:00Z", cordoned: true });
    assert.ok(since);
  });

  it("of a version that does not count cancelled cycles counts one, so that the node backs off", () => {
    const outcome =
      '"outcome":{"result":"withdrawn","at":"2026-11-24T12:00:00Z","message":"the slot was lost"}';
    const read = (more: string) => parseRecord(`{"phase":"Waiting","since":"2026-11-24T12:00:00Z"${more}}`);
    assert.equal(read(`,${outcome}`).record?.withdrawals, 1);
    assert.equal(read(`,${outcome},"withdrawals":0`).record?.withdrawals, 0, "a person has asked for it");
    assert.equal(read("").record?.withdrawals, 0);
  });

  it("of a newer version is read without the fields that are not known", () => {
    const { record } = parseRecord('{"version":2,"phase":"Idle","since":"2026-11-24T12:00:00Z","later":1}');
    assert.equal(record?.phase, "Idle");
    assert.ok(record !== undefined && !("later" in record));
  });

  it("is read all the same with a field that is not understood", async () => {
    await everyRow(
      (
        [
          ["since", "yesterday"],
          ["cordoned", "yes"],
          ["attempt", -1],
          ["labels", [{ key: 1 }]],
          ["reasons", "none"],
          ["need", { source: "file" }],
          ["outcome", { result: "great" }],
          ["outcome", { result: "failed", at: "2026-11-24T12:00:00Z", message: "m", during: "return" }],
          ["bootID", 7],
          ["taint", {}],
        ] as const
      ).map(([field, value]) => [field, field, value] as const),
      (field, value) => {
        const { record: read } = parseRecord(
          JSON.stringify({ ...record({ phase: "Draining" }), [field]: value }),
        );
        assert.equal(read?.phase, "Draining");
        assert.notDeepEqual(read?.[field], value);
      },
    );
  });

  it("is read by its former field names too, and written with the new ones", () => {
    const times = { reportedAt: iso(noon), acceptedAt: iso(noon + minute) };
    const former = { ...idle(), saidAt: times.reportedAt, heededAt: times.acceptedAt };
    assert.deepEqual(parseRecord(JSON.stringify(former)).record, idle(times));
    const later = { ...former, reportedAt: iso(noon + 5 * minute), phase: "Dancing" };
    const read = parseRecord(JSON.stringify(later)).record;
    assert.deepEqual([read?.reportedAt, read?.acceptedAt], [later.reportedAt, times.acceptedAt]);
    const written: object = JSON.parse(writeRecord(idle(times)));
    assert.deepEqual({ ...written, ...times }, written);
    for (const name of ["saidAt", "heededAt"]) assert.ok(!(name in written), name);
  });

  it("is long overdue where its time cannot be read", () => {
    const { record } = parseRecord('{"phase":"Draining"}');
    assert.equal(Date.parse(record?.since ?? ""), 0);
  });

  it("with an unknown phase keeps what is to be undone", () => {
    const labels = [{ key: "state", set: "rebooting" }];
    const written = JSON.stringify({ ...record({ cordoned: true, labels }), phase: "Dancing" });
    const { record: read } = parseRecord(written);
    assert.deepEqual([read?.phase, read?.cordoned, read?.labels], ["Waiting", true, labels]);
    assert.match(read?.outcome?.message ?? "", /names the phase "Dancing"/);
  });
});

describe("The times of a record", () => {
  const times = { acceptedAt: iso(noon), leftAt: iso(noon + minute), optOutsSince: iso(noon) };

  it("are set with the clock", () => {
    const { acceptedAt, leftAt, optOutsSince } = shifted(idle(times), minute);
    assert.deepEqual([acceptedAt, leftAt], [iso(noon + minute), iso(noon + 2 * minute)]);
    assert.equal(optOutsSince, iso(noon + minute));
  });

  it("are not from the future", () => {
    const { acceptedAt, leftAt } = clamped(idle(times), noon - minute);
    assert.deepEqual([acceptedAt, leftAt], [iso(noon - minute), iso(noon - minute)]);
  });
});

describe("A node that needs no reboot any more", () => {
  const before = idle({ acceptedAt: iso(noon - minute), leftAt: iso(noon - minute) });

  it("keeps when a request was accepted, and when it has left the lock", () => {
    const { acceptedAt, leftAt } = idleAfter(before, noon);
    assert.deepEqual([acceptedAt, leftAt], [before.acceptedAt, before.leftAt]);
  });

  it("counts a withdrawn request as accepted where it lifted a limit", () => {
    const request = "disk";
    assert.equal(idleAfter({ ...before, request, failures: 1 }, noon).acceptedAt, iso(noon));
    assert.equal(idleAfter({ ...before, request }, noon).acceptedAt, before.acceptedAt);
    assert.equal(idleAfter({ ...before, failures: 1 }, noon).acceptedAt, before.acceptedAt);
  });

  it("forgets both where a person resets it", () => {
    const { acceptedAt, leftAt } = { ...before, ...unfailed };
    assert.deepEqual([acceptedAt, leftAt], [undefined, undefined]);
  });
});
