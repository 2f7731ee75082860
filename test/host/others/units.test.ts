import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { activeUnits } from "../../../daemon/host/others/units.ts";
import { systemClock } from "../../../daemon/time/clock.ts";
import { type Answer, type FakeBus, type FakeBusOptions, startFakeBus } from "../logind/fake-bus.ts";

const { signal } = new AbortController();
/** A clock whose deadlines come sooner. */
const clock = {
  ...systemClock,
  sleep: (ms: number, inner: AbortSignal) => systemClock.sleep(ms / 100, inner),
};
const noSuchUnit: Answer = { error: "org.freedesktop.systemd1.NoSuchUnit", text: "Unit not loaded." };
const states: Record<string, string> = {
  "a.service": "active",
  "b.timer": "inactive",
  "c.service": "failed",
};

let folder: string;
let socket: string;
let bus: FakeBus;

const answering = async (answer: FakeBusOptions["answer"]) => {
  bus = await startFakeBus({ socket, answer });
};
const ask = (...names: string[]) =>
  activeUnits(socket, names, systemClock, signal).then((found) => [...found]);

/** systemd with these units loaded. */
const systemd: FakeBusOptions["answer"] = ({ member, path, body = [] }) => {
  if (member === "Get") {
    const name = Object.keys(states).find((one) => String(path).endsWith(`/${one.replace(".", "_2e")}`));
    return { signature: "v", body: [["s", states[name ?? ""]]] };
  }
  const name = String(body[0]);
  if (states[name] === undefined) return noSuchUnit;
  return { signature: "o", body: [`/org/freedesktop/systemd1/unit/${name.replace(".", "_2e")}`] };
};

describe("The active units of systemd", () => {
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "rebootd-units-"));
    socket = join(folder, "bus");
  });
  afterEach(async () => {
    await bus.close();
    await rm(folder, { recursive: true });
  });

  it("are those that are loaded and active", async () => {
    await answering(systemd);
    assert.deepEqual(await ask("a.service", "b.timer", "c.service", "d.service"), ["a.service"]);
  });

  it("are not told by a systemd that refuses", async () => {
    await answering(() => ({ error: "org.freedesktop.DBus.Error.AccessDenied", text: "no" }));
    await assert.rejects(ask("a.service"), /GetUnit: org.freedesktop.DBus.Error.AccessDenied: no/);
  });

  it("are not told by an answer of another form", async () => {
    await answering(() => ({ signature: "u", body: [1] }));
    await assert.rejects(ask("a.service"), /the answer to GetUnit has an unknown form/);
  });

  it("are given up where nothing answers", async () => {
    await answering(() => "silence");
    await assert.rejects(
      activeUnits(socket, ["a.service"], clock, signal),
      /asking systemd over .* timed out after 5 s/,
    );
  });
});
