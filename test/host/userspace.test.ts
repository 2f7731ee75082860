import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { whyNoKexec } from "../../daemon/host/reboot/kexec.ts";
import { createUserspaceReader } from "../../daemon/host/userspace.ts";
import { systemClock } from "../../daemon/time/clock.ts";
import { everyRow } from "../rows.ts";
import { type Answer, type FakeBus, startFakeBus } from "./logind/fake-bus.ts";

const { signal } = new AbortController();

let folder: string;
let bus: FakeBus | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "rebootd-userspace-"));
});
afterEach(async () => {
  await bus?.close();
  bus = undefined;
  await rm(folder, { recursive: true });
});

describe("The userspace of the machine", () => {
  async function readAt(monotonicMs: number, answers: Record<string, Answer>) {
    const socket = join(folder, "bus");
    bus = await startFakeBus({ socket, answer: ({ body = [] }) => answers[String(body[1])] ?? "hang up" });
    return await createUserspaceReader(socket, systemClock, () => monotonicMs)(signal);
  }
  const count: Answer = { signature: "v", body: [["u", 2]] };
  const started: Answer = { signature: "v", body: [["t", 41_047_786_114]] };

  it("is counted by systemd, and its age is by the clock that nobody sets", async () => {
    const answers = { SoftRebootsCount: count, UnitsLoadStartTimestampMonotonic: started };
    assert.deepEqual(await readAt(41_050_000, answers), { softReboots: 2, ageMs: 2214 });
    assert.deepEqual(bus?.calls, [
      "Get(org.freedesktop.systemd1.Manager, SoftRebootsCount)",
      "Get(org.freedesktop.systemd1.Manager, UnitsLoadStartTimestampMonotonic)",
    ]);
  });

  it("is not told by a version that does not count, which is said", () =>
    assert.rejects(
      readAt(0, { SoftRebootsCount: { error: "org.freedesktop.DBus.Error.UnknownProperty", text: "no" } }),
      /^Error: systemd does not count soft reboots; version 256 or newer does$/,
    ));

  it("is not told by a bus that refuses, breaks off, or answers in another form", () =>
    everyRow(
      [
        ["refuses", { error: "org.freedesktop.DBus.Error.AccessDenied", text: "no" }, /AccessDenied: no/],
        ["breaks off", "hang up", /the connection was closed/],
        ["answers otherwise", { signature: "v", body: [["s", "two"]] }, /unknown form/],
      ] as [string, Answer, RegExp][],
      async (answer, says) => {
        await assert.rejects(readAt(0, { SoftRebootsCount: answer }), says);
        await bus?.close();
        bus = undefined;
      },
    ));
});

describe("kexec", () => {
  it("is possible only where the kernel says that another one is loaded", async () => {
    const file = join(folder, "kexec_loaded");
    assert.match((await whyNoKexec(file)) ?? "", /cannot tell whether a kernel is loaded for kexec: ENOENT/);
    await writeFile(file, "0\n");
    assert.match((await whyNoKexec(file)) ?? "", /no kernel is loaded for kexec: .* reads "0"$/);
    await writeFile(file, "1\n");
    assert.equal(await whyNoKexec(file), undefined);
  });
});
