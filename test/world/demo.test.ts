import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { bareEnvironment } from "./program.ts";

/** The demo and the cluster as processes, as people start them. Their temporary files are in a folder of the test. */
let folder: string;

const programs = { demo: "../demo/main.ts", cluster: "../kubernetes/main.ts" };

interface Run {
  child: ChildProcess;
  text: () => string;
  ended: Promise<number | null>;
  /** Waits until this is in its output. */
  says(what: RegExp): Promise<void>;
}

function start(program: keyof typeof programs, ...args: string[]): Run {
  const file = fileURLToPath(new URL(programs[program], import.meta.url));
  const child = spawn(process.execPath, [file, ...args], {
    env: { ...bareEnvironment, TMPDIR: folder },
    stdio: ["ignore", "pipe", "pipe"],
    timeout: 50_000,
  });
  let text = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (more: string) => {
      text += more;
      child.emit("said");
    });
  }
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  const says = async (what: RegExp) => {
    while (!what.test(text)) {
      const next = new Promise((resolve) => child.once("said", resolve));
      const code = await Promise.race([next.then(() => undefined), ended]);
      if (code !== undefined && !what.test(text)) assert.fail(`it ended with ${code}: ${text}`);
    }
  };
  return { child, text: () => text, ended, says };
}

/** Processes that were given the test's folder. */
function processesLeft(): string[] {
  return readdirSync("/proc")
    .filter((pid) => /^\d+$/.test(pid) && Number(pid) !== process.pid)
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(folder);
      } catch {
        return false;
      }
    });
}

const filesLeft = () => readdirSync(folder).filter((name) => name.startsWith("rebootd-"));

describe("The programs", () => {
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "rebootd-demo-test-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  describe("The demo", () => {
    it("rolls through all nodes, reports it, and leaves nothing behind", async () => {
      const report = join(folder, "report.json");
      const svg = join(folder, "timeline.svg");
      const args = ["--nodes", "2", "--reboot-seconds", "1", "--report", report, "--svg", svg];
      const demo = start("demo", ...args);
      assert.equal(await demo.ended, 0, demo.text());
      for (const node of ["n1", "n2"]) {
        for (const phase of ["Draining", "Rebooting", "Returning", "Idle"]) {
          assert.match(demo.text(), new RegExp(`\\d+\\.\\d s  ${node}  \\w+ -> ${phase}`));
        }
      }
      assert.match(demo.text(), /every promise held\n$/);
      const { maxUnavailable, violations, lockAtEnd, nodes } = JSON.parse(readFileSync(report, "utf8"));
      assert.deepEqual(
        { maxUnavailable, violations, lockAtEnd },
        { maxUnavailable: 1, violations: [], lockAtEnd: null },
      );
      assert.deepEqual(
        nodes.map((node: { bootIDs: string[] }) => node.bootIDs.length),
        [2, 2],
      );
      assert.match(readFileSync(svg, "utf8"), /^<svg /);
      assert.deepEqual([processesLeft(), filesLeft()], [[], []]);
    });

    it("ends on SIGINT in the middle, and leaves nothing behind", async () => {
      const demo = start("demo", "--nodes", "2", "--reboot-seconds", "60");
      await demo.says(/-> Rebooting/);
      assert.ok(processesLeft().length > 0);
      demo.child.kill("SIGINT");
      assert.equal(await demo.ended, 130, demo.text());
      assert.deepEqual([processesLeft(), filesLeft()], [[], []]);
    });

    it("stays after the roll when it is asked to, with the page, until SIGTERM", async () => {
      const demo = start("demo", "--nodes", "1", "--pods", "0", "--reboot-seconds", "0.2", "--keep", "--ui");
      await demo.says(/the page: http:\/\/127\.0\.0\.1:\d+\/\S+\//);
      const page = await fetch(/http:\S+/.exec(demo.text())?.[0] ?? "");
      assert.match(await page.text(), /<title>rebootd<\/title>/);
      await demo.says(/kubectl --kubeconfig \S+ get nodes/);
      demo.child.kill("SIGTERM");
      assert.equal(await demo.ended, 0, demo.text());
      assert.deepEqual([processesLeft(), filesLeft()], [[], []]);
    });

    it("refuses a bad value before it starts anything", async () => {
      const demo = start("demo", "--nodes", "0");
      assert.equal(await demo.ended, 2);
      assert.match(demo.text(), /^error: [^\n]+\n$/);
      assert.deepEqual(filesLeft(), []);
    });
  });

  describe("The cluster alone", () => {
    for (const controllers of ["all", "none"]) {
      it(`says when it is ready and runs until SIGINT, with ${controllers} controllers`, async () => {
        const kubeconfig = join(folder, "kubeconfig");
        const args = ["--nodes", "2", "--controllers", controllers, "--kubeconfig", kubeconfig];
        const cluster = start("cluster", ...args);
        await cluster.says(/^ready at https:\/\/127\.0\.0\.1:\d+: .*\n/);
        assert.match(readFileSync(kubeconfig, "utf8"), /server: "?https:\/\/127\.0\.0\.1/);
        cluster.child.kill("SIGINT");
        assert.equal(await cluster.ended, 0, cluster.text());
        assert.deepEqual(filesLeft(), []);
      });
    }

    it("wants to know where the kubeconfig shall go", async () => {
      const cluster = start("cluster");
      assert.equal(await cluster.ended, 2);
      assert.match(cluster.text(), /--kubeconfig/);
    });
  });
});
