/** The commands of the pages, run as they stand there, with kubectl and rebootd, on the simulated cluster. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { systemClock } from "../../daemon/time/clock.ts";
import { readPages, root } from "../docs/pages.ts";
import { type Example, examplesIn } from "../docs/shell.ts";
import { bootIdFile, sentinelFile } from "../kubernetes/machines/machine.ts";
import { startSimulatedServer } from "../kubernetes/server.ts";
import { daemonUserOn } from "../world/manifests.ts";
import { bundle, startRebootd } from "../world/rebootd.ts";
import { startWorld, type World } from "../world/world.ts";
import { newestKubectl, type Ran, type Session, startSession } from "./kubectl.ts";

const nodes = ["worker-1", "worker-2", "n1"];
/** Stands in scripts for the name of a pod, which the cluster makes. */
const pod = "$REBOOTD_POD";
const pages = readPages().map((page) => ({
  file: page.file,
  examples: examplesIn(page, { nodes: ["worker-1", "worker-2"], pod }).filter(({ run }) => run > 0),
}));

/** Files of a person who has kured, in the folder in which the examples run. */
const kuredFiles = { "manifests/kured-ds.yaml": "kured-ds.yaml", "values/usual.yaml": "values.yaml" };

const deadlineMs = 120_000;
/** What a command shows that ends only with Ctrl-C, it shows in this time. */
const followSeconds = 3;

/**
 * As `rebootd` on the PATH. Commands that go on for ever end as by Ctrl-C, which is no fault; `watch` is on a terminal;
 * the node needs a reboot as soon as a command waits for one; kured is there while a command reads it.
 */
const rebootd = `#!/bin/bash
follow() {
  timeout --signal=INT ${followSeconds} "$@"
  code=$?
  [ $code -eq 124 ] || [ $code -eq 130 ] || exit $code
}
program=(${process.execPath} ${bundle} "$@")
case " $* " in
  " watch "*) follow script -qec "\${program[*]}" /dev/null ;;
  " migrate "*)
    kubectl apply -f "$HOME/kured-ds.yaml" > /dev/null && "\${program[@]}"
    code=$?
    kubectl delete -f "$HOME/kured-ds.yaml" > /dev/null
    exit $code ;;
  *" --for=rebooted "*) (sleep 1 && touch "$REBOOTD_RUN_PATH/${sentinelFile}") & exec "\${program[@]}" ;;
  " ui "* | *" -w "* | *" --watch "*) follow "\${program[@]}" ;;
  *" --once "* | " run --help ") exec "\${program[@]}" ;;
  " run "*) follow "\${program[@]}" ;;
  *) exec "\${program[@]}" ;;
esac
`;

let world: World;
let folder: string;
let session: Session;
let receiver: Server;
let environment: Record<string, string>;

function bash(script: string): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const trap = "trap 'echo \"line $LINENO failed: $BASH_COMMAND\" >&2' ERR\n";
    const child = spawn("bash", ["-eEuo", "pipefail", "-c", trap + script], {
      cwd: folder,
      env: environment,
      stdio: ["ignore", "pipe", "pipe"],
      timeout: deadlineMs,
      killSignal: "SIGKILL",
    });
    let text = "";
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding("utf8").on("data", (more: string) => {
        text += more;
      });
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, text }));
  });
}

/** Undoes what examples do to the cluster, so that each finds it as the one before. */
async function tidy(): Promise<void> {
  const { api, signal } = world;
  const keys = ["paused", "reboot-requested", "priority"].map((name) => `rebootd.dev/${name}`);
  keys.push("example.com/backup-done", "example.com/raid-checked");
  const annotations = Object.fromEntries(keys.map((key) => [key, null]));
  for (const name of nodes)
    await api.patch(`/api/v1/nodes/${name}`, { metadata: { annotations } }, { signal });
  const lease = "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/rebootd";
  await api.patch(lease, { metadata: { annotations: { "rebootd.dev/paused": null } } }, { signal });
  const lock = await world.lock();
  if (lock?.includes('"manual"')) await world.setLock(null);
  await world.until("all nodes are idle", async () => {
    const phases = await Promise.all(world.nodes.map((node) => node.phase()));
    return phases.every((phase) => phase === "Idle");
  });
}

async function startReceiver(): Promise<string> {
  receiver = createServer((_, response) => response.end("ok"));
  await new Promise<void>((resolve) => receiver.listen(0, "127.0.0.1", resolve));
  return `generic://127.0.0.1:${(receiver.address() as AddressInfo).port}/?disabletls=yes\n`;
}

describe("The commands of the documentation", function () {
  this.timeout(180_000);

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "rebootd-docs-"));
    const server = await startSimulatedServer(systemClock);
    world = await startWorld({
      server,
      nodes,
      rebootSeconds: 1,
      workloads: [{ name: "web", replicas: 2 }],
      daemonUser: daemonUserOn,
      startDaemon: (place) => startRebootd(place, [], bundle),
    });
    const kubectl = newestKubectl();
    const bin = join(folder, "bin");
    mkdirSync(bin);
    symlinkSync(kubectl.file, join(bin, "kubectl"));
    for (const name of ["rebootd", "kubectl-rebootd"]) {
      writeFileSync(join(bin, name), rebootd);
      chmodSync(join(bin, name), 0o755);
    }
    symlinkSync(join(root, "manifests"), join(folder, "manifests"));
    copyFileSync(world.adminKubeconfig, join(folder, "kubeconfig"));
    writeFileSync(join(folder, "urls"), await startReceiver());
    for (const [from, to] of Object.entries(kuredFiles))
      copyFileSync(join(root, "test/kured", from), join(folder, to));
    session = startSession(kubectl, world.adminKubeconfig);
    await installBase();
    await session.says("label node worker-2 pool=db", /labeled/);
    const host = world.node("worker-1").folder;
    environment = {
      PATH: [bin, dirname(process.execPath), "/usr/bin", "/bin"].join(delimiter),
      HOME: folder,
      KUBECONFIG: world.adminKubeconfig,
      REBOOTD_POD:
        (await session.says("-n kube-system get pods -o name", /^pod\//))
          .slice("pod/".length)
          .split("\n")[0] ?? "",
      // The machine of the examples is the node worker-1.
      REBOOTD_BOOT_ID_PATH: join(host, bootIdFile),
      REBOOTD_RUN_PATH: host,
      REBOOTD_ENTER_HOST: "false",
      REBOOTD_REBOOT_METHOD: "command",
      REBOOTD_REBOOT_COMMAND: "/bin/true",
      REBOOTD_METRICS_PORT: "0",
    };
  });
  after(async () => {
    receiver?.close();
    await world?.stop();
    rmSync(folder, { recursive: true });
  });

  afterEach(tidy);

  for (const { file, examples } of pages.filter(({ examples }) => examples.length > 0)) {
    describe(file, () => {
      for (const example of examples) it(titleOf(example), () => runs(example));
    });
  }
});

function titleOf({ place, script }: Example): string {
  return `${place.replace(/^.*:/, "line ")}: ${script.split("\n")[0]}`;
}

/** Makes the node hold a slot: a pod that does not end keeps its drain from ending. */
async function holdSlot(): Promise<void> {
  const metadata = { name: "stuck", finalizers: ["example.com/hold"] };
  const spec = { nodeName: "worker-1", containers: [{ name: "main", image: "app:1" }] };
  await world.api.create("/api/v1/namespaces/default/pods", { metadata, spec }, { signal: world.signal });
  world.node("worker-1").wantsReboot();
  await world.until("worker-1 is drained", async () => (await world.node("worker-1").phase()) === "Draining");
}

async function releaseSlot(): Promise<void> {
  world.node("worker-1").wantsNoReboot();
  const path = "/api/v1/namespaces/default/pods/stuck";
  await world.api.patch(path, { metadata: { finalizers: null } }, { signal: world.signal });
}

async function runs({ place, script, files }: Example): Promise<void> {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  const needsHolder = script.includes("rebootd unlock worker-1");
  if (needsHolder) await holdSlot();
  const { code, text } = await bash(script);
  assert.equal(code, 0, `${place} ends with ${code}:\n${text}`);
  if (script.includes("rebootd check --as"))
    assert.match(text, /your rights: enough for all commands/, `${place}:\n${text}`);
  if (needsHolder) await releaseSlot();
  if (/ (?:apply|delete) -k /.test(script)) await installBase();
}

/** The base, and the ConfigMap of the rules. */
async function installBase(): Promise<void> {
  const own = join(folder, "own");
  mkdirSync(own, { recursive: true });
  const components = "components: [../manifests/components/scrape-annotations]\n";
  writeFileSync(join(own, "kustomization.yaml"), `resources: [../manifests/base]\n${components}`);
  await session.says(`apply -k ${own}`, /daemonset.apps\/rebootd/);
  await session.says("-n kube-system rollout status daemonset rebootd --timeout=60s", /rolled out/);
}
