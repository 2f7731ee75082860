import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseSettings } from "../../daemon/config/settings.ts";
import { type Argv, type ExecResult, onHost } from "../../daemon/host/exec.ts";
import { chooseNeed } from "../../daemon/host/need/choose-need.ts";
import { commandRebooter } from "../../daemon/host/reboot/command.ts";
import { signalRebooter } from "../../daemon/host/reboot/signal.ts";
import { variableOf } from "../../daemon/kured/flag.ts";
import type { FlagName } from "../../daemon/kured/flags.ts";
import { translateKured } from "../../daemon/kured/translate.ts";
import { systemClock } from "../../daemon/time/clock.ts";

type Given = Readonly<Partial<Record<FlagName, string>>>;

const { signal } = new AbortController();
const nsenter = ["/usr/bin/nsenter", "-m/proc/1/ns/mnt", "--"];

/** The settings of a daemon that was started as kured with these flags, or with the variables of the same names. */
function settingsOf(source: "flags" | "variables", given: Given) {
  const pairs = Object.entries({ "node-id": "n1", ...given });
  const { raw } =
    source === "flags"
      ? translateKured(
          pairs.map(([name, value]) => `--${name}=${value}`),
          {},
        )
      : translateKured([], Object.fromEntries(pairs.map(([name, value]) => [variableOf(name), value])));
  return parseSettings(raw);
}

/** What runs on the host, each time with this result. */
function hostWith(result: ExecResult) {
  const ran: Argv[] = [];
  const exec = async (argv: Argv) => {
    ran.push(argv);
    return result;
  };
  return { ran, exec };
}

async function needOf(settings: ReturnType<typeof settingsOf>, result: ExecResult = { code: 0, output: "" }) {
  const { ran, exec } = hostWith(result);
  const onIt = settings.reboot.entersHost ? onHost : (argv: Argv) => argv;
  const ports = { exec, onHost: onIt, clock: systemClock, periodMs: settings.node.periodMs };
  const source = await chooseNeed(settings.need, ports, signal);
  const { state } = await source.check(true, signal);
  return { state, ran: ran.at(-1) };
}

describe("On its machine", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "rebootd-kured-host-"));
  });
  afterEach(() => rm(folder, { recursive: true }));

  for (const source of ["flags", "variables"] as const) {
    describe(`kured's ${source}`, () => {
      it("node-id names the node", () => {
        assert.equal(settingsOf(source, { "node-id": "worker-1" }).node.name, "worker-1");
      });

      it("reboot-sentinel is the file that a reboot is needed for", async () => {
        const file = join(folder, "wanted");
        const settings = settingsOf(source, { "reboot-sentinel": file });
        assert.equal((await needOf(settings)).state, "not-needed");
        await writeFile(file, "");
        assert.equal((await needOf(settings)).state, "needed");
      });

      it("reboot-sentinel is Debian's by default", () => {
        assert.equal(settingsOf(source, {}).need.sentinel, "/var/run/reboot-required");
      });

      it("reboot-sentinel-command runs on the host in place of the file: 0 is yes, 1 is no, and 2 no answer", async () => {
        const settings = settingsOf(source, {
          "reboot-sentinel": "/nowhere/at/all",
          "reboot-sentinel-command": "sh -c '! needs-restarting -r'",
        });
        const states = [];
        for (const code of [0, 1, 2]) states.push(await needOf(settings, { code, output: "" }));
        assert.deepEqual(
          states.map(({ state }) => state),
          ["needed", "not-needed", "unknown"],
        );
        assert.deepEqual(states[0]?.ran, [...nsenter, "sh", "-c", "! needs-restarting -r"]);
      });

      it("reboot-method command runs reboot-command on the host", async () => {
        for (const [given, argv] of [
          [{}, ["/bin/systemctl", "reboot"]],
          [
            { "reboot-method": "command", "reboot-command": "/sbin/reboot 'now then'" },
            ["/sbin/reboot", "now then"],
          ],
        ] as const) {
          const { machine, entersHost } = settingsOf(source, given).reboot;
          const { ran, exec } = hostWith({ code: 0, output: "" });
          assert.deepEqual([machine.method, entersHost], ["command", true]);
          await commandRebooter(machine.command, onHost, exec).reboot(signal);
          assert.deepEqual(ran, [[...nsenter, ...argv]]);
        }
      });

      it("reboot-method signal sends reboot-signal to process 1", async () => {
        for (const [given, number] of [
          [{ "reboot-method": "signal" }, 39],
          [{ "reboot-method": "signal", "reboot-signal": "0x26" }, 38],
        ] as const) {
          const { machine } = settingsOf(source, given).reboot;
          const sent: unknown[] = [];
          assert.equal(machine.method, "signal");
          await signalRebooter(machine.signal, (...one) => void sent.push(one)).reboot(signal);
          assert.deepEqual(sent, [[1, number]]);
        }
      });

      it("metrics-host and metrics-port are where the metrics are, by default on every address at 8080", () => {
        const place = ({ report: { host, port } }: ReturnType<typeof settingsOf>) => [host, port];
        assert.deepEqual(place(settingsOf(source, {})), ["", 8080]);
        const given = { "metrics-host": "127.0.0.1", "metrics-port": "9090" };
        assert.deepEqual(place(settingsOf(source, given)), ["127.0.0.1", 9090]);
      });
    });
  }
});
