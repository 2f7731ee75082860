import assert from "node:assert/strict";
import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../../daemon/time/clock.ts";
import { startSuite } from "../kubernetes/suite.ts";
import { daemonUserOn, installRights } from "../world/manifests.ts";
import { startRebootd } from "../world/rebootd.ts";
import { startWorld, type World } from "../world/world.ts";
import { askDaemon, readLog } from "./daemon-process.ts";

let world: World;
let folder: string;
let processes = 0;
let versions = 0;

/** Replaces the file as the kubelet replaces that of a ConfigMap: a new folder, and one link that leads to it. */
async function writeConfig(text: string): Promise<void> {
  versions += 1;
  const version = join(folder, `..v${versions}`);
  await mkdir(version);
  await writeFile(join(version, "config.yaml"), text);
  await symlink(`..v${versions}`, join(folder, "..data_tmp"));
  await rename(join(folder, "..data_tmp"), join(folder, "..data"));
  if (versions > 1) await rm(join(folder, `..v${versions - 1}`), { recursive: true });
}

const said = async (message: string) =>
  (await readLog(world.node("n1").logFile)).some((line) => line.message.includes(message));
const starts = async () =>
  (await readLog(world.node("n1").logFile)).filter(({ message }) => message === "rebootd started").length;
const metric = async (line: string) => (await askDaemon(world.node("n1").logFile, "/metrics")).includes(line);

describe("A daemon with a configuration file", () => {
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "rebootd-config-"));
    await writeConfig("blackout: 2000-01-01..2099-12-31\n");
    await symlink("..data/config.yaml", join(folder, "config.yaml"));
    const suite = await startSuite(systemClock);
    await installRights(suite.server);
    world = await startWorld({
      ...suite,
      daemonUser: daemonUserOn,
      nodes: ["n1"],
      startDaemon(place) {
        processes += 1;
        return startRebootd(place, [`--config=${join(folder, "config.yaml")}`]);
      },
    });
  });
  after(async () => {
    await world.stop();
    await rm(folder, { recursive: true });
  });

  it("waits as the file says", async () => {
    world.node("n1").wantsReboot();
    await world.allWaitFor("blackout");
  });

  it("goes on as before when the file becomes invalid, and says so in the log, as an event and as a metric", async () => {
    assert.ok(await metric('rebootd_config_valid{node="n1"} 1'));
    await writeConfig("blackout: never\n");
    await world.until("the file is rejected", () =>
      said('config.yaml:1:11: invalid value "never" for blackout'),
    );
    assert.ok(await metric('rebootd_config_valid{node="n1"} 0'));
    assert.ok(await metric('rebootd_events_total{reason="ConfigRejected",node="n1"} 1'));
    await world.allWaitFor("blackout");
  });

  it("names what counts from the next start", async () => {
    await writeConfig("blackout: 2000-01-01..2099-12-31\ndsNamespace: other\n");
    await world.until("it is said", () =>
      said("options of the configuration file have changed that count from"),
    );
    assert.ok(await metric('rebootd_config_valid{node="n1"} 1'));
  });

  it("takes on a change in the same process, and reboots the node", async () => {
    await writeConfig("dsNamespace: other\nrebootDelay: 2s\n");
    await world.until("it has started again", async () => (await starts()) === 2);
    assert.equal(processes, 1);
    await world.rolled();
    assert.deepEqual((await world.report()).violations, []);
  });
});
