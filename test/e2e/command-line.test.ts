import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import { get } from "node:https";
import { createServer } from "node:net";
import { tmpdir, uptime } from "node:os";
import { join } from "node:path";
import { text as textOf } from "node:stream/consumers";
import { createClient } from "../../daemon/cluster/client.ts";
import { systemClock } from "../../daemon/time/clock.ts";
import { certificate } from "../kubernetes/api/https.ts";
import { createApiServer, kubeconfig, type Listening, listen } from "../kubernetes/api/server.ts";
import { startHttpProxy } from "../kubernetes/middlemen.ts";
import { bareEnvironment, program } from "../world/program.ts";
import { runDaemonProcess } from "./daemon-process.ts";

/** What a daemon says first; it is stopped then, after what is done `meanwhile`. */
async function firstLine(
  args: readonly string[],
  environment: Record<string, string>,
  meanwhile: (line: string) => Promise<void> = async () => {},
): Promise<string> {
  const env = { ...bareEnvironment, ...environment };
  const stdio = ["ignore", "ignore", "pipe"] as const;
  const child = spawn(process.execPath, [program, ...args], { env, stdio: [...stdio], timeout: 30_000 });
  const closed = once(child, "close");
  let said = "";
  for await (const text of child.stderr?.setEncoding("utf8") ?? []) {
    const isFirst = !said.includes("\n");
    said += text;
    if (!isFirst || !said.includes("\n")) continue;
    try {
      await meanwhile(said);
    } finally {
      child.kill("SIGTERM");
    }
  }
  await closed;
  return said.split("\n", 1)[0] ?? "";
}

const server = createApiServer();
let https: Listening;
let folder: string;
let config: string;

describe("The command line of a process", () => {
  before(async () => {
    https = await listen(server, { port: 0 });
    folder = await mkdtemp(join(tmpdir(), "rebootd-cli-"));
    config = join(folder, "kubeconfig");
    await writeFile(config, kubeconfig({ ...https, token: server.adminToken, user: "admin" }));
    await writeFile(join(folder, "boot_id"), "1c09ca98-649c-4c7a-bc77-9cd04c96812e\n");
  });
  after(async () => {
    await https.close();
    await rm(folder, { recursive: true });
  });

  describe("A daemon started with bad input", () => {
    const rows: [what: string, args: () => string[], says: RegExp][] = [
      ["an unknown option", () => ["--node-id=n1", "--frobnicate"], /'--frobnicate'.*rebootd run --help/],
      [
        "a bad duration",
        () => ["--node-id=n1", "--drain-timeout=15"],
        /invalid value "15" for --drain-timeout: must be a duration/,
      ],
      [
        "a bad regular expression",
        () => ["--node-id=n1", "--alert-filter-regexp=("],
        /invalid value "\(" for --alert-filter-regexp: must be/,
      ],
      [
        "a query for nobody",
        () => ["--node-id=n1", "--block-on-query=up == 0"],
        /^rebootd: --block-on-query requires --prometheus-url$/m,
      ],
      [
        "a token that is not there",
        () => ["--node-id=n1", "--prometheus-url=http://p", "--prometheus-bearer-token-file=/nowhere"],
        /invalid value "\/nowhere" for --prometheus-bearer-token-file: ENOENT/,
      ],
      [
        "a token in a file without an end",
        () => ["--node-id=n1", "--prometheus-url=http://p", "--prometheus-bearer-token-file=/dev/zero"],
        /invalid value "\/dev\/zero" for --prometheus-bearer-token-file: must be a file with a token/,
      ],
      [
        "a token for its metrics that is not there",
        () => ["--node-id=n1", "--metrics-bearer-token-file=/nowhere"],
        /invalid value "\/nowhere" for --metrics-bearer-token-file: ENOENT/,
      ],
      [
        "a certificate that is not there, to look once",
        () => [
          ...["--node-id=n1", "--once", "--metrics-tls-cert-file=/nowhere"],
          `--metrics-tls-key-file=${folder}/boot_id`,
        ],
        /invalid value "\/nowhere" for --metrics-tls-cert-file: ENOENT/,
      ],
      [
        "a bad time zone",
        () => ["--node-id=n1", "--time-zone=Mars"],
        /invalid value "Mars" for --time-zone: must be a name/,
      ],
      [
        "a bad day of the week",
        () => ["--node-id=n1", "--reboot-days=mon,fu"],
        /invalid value "mon,fu" for --reboot-days: must be/,
      ],
      [
        "a label without a value",
        () => ["--node-id=n1", "--post-reboot-node-labels=rebooted"],
        /invalid value "rebooted" for --post-reboot-node-labels: must be/,
      ],
      [
        "a kubeconfig that is not there",
        () => ["--node-id=n1", "--kubeconfig=/nowhere"],
        /invalid value "\/nowhere" for --kubeconfig: must be .*, but ENOENT/,
      ],
      [
        "a kubeconfig that is none",
        () => ["--node-id=n1", `--kubeconfig=${folder}/boot_id`],
        /invalid value "[^"]+boot_id" for --kubeconfig: must be/,
      ],
      ["no name of its node", () => [], /--node-id is required: set/],
      [
        "a sentinel that is a folder",
        () => ["--node-id=n1", `--reboot-sentinel=${folder}`],
        /invalid value "[^"]+" for --reboot-sentinel: .*is a folder/,
      ],
      [
        "a sentinel command that is not there",
        () => ["--node-id=n1", "--enter-host=false", "--reboot-sentinel-command=/no/such"],
        /invalid value "\/no\/such" for --reboot-sentinel-command: .*ENOENT/,
      ],
      [
        "one that is not there, to look once",
        () => ["--node-id=n1", "--once", "--enter-host=false", "--reboot-sentinel-command=env /no/such"],
        /invalid value "env \/no\/such" for --reboot-sentinel-command: .*ended with 127/,
      ],
      [
        "a way to reboot that does not work there",
        () => ["--node-id=n1", `--kubeconfig=${config}`, "--reboot-method=logind", "--dbus-socket=/no/bus"],
        /invalid value "logind" for --reboot-method: must be .*auto, but logind: no D-Bus socket at \/no\/bus/,
      ],
      [
        "a kind of reboot that nothing would prove there",
        () => ["--node-id=n1", `--kubeconfig=${config}`, "--reboot-kind=soft", "--dbus-socket=/no/bus"],
        /invalid value "soft" for --reboot-kind: must be a kind that can be proved on this node, for example full, but no D-Bus socket at \/no\/bus/,
      ],
    ];
    for (const [what, args, says] of rows) {
      it(`says on one line what is wrong with ${what}, ends with 2 and asks the cluster nothing`, async () => {
        const asked = server.ledger.total;
        const { code, out, err } = await runDaemonProcess(["run", ...args()], { REBOOTD_KUBECONFIG: config });
        assert.equal(code, 2, err);
        assert.match(err, says);
        assert.match(err, /^rebootd: [^\n]+\n$/);
        assert.equal(out, "");
        assert.equal(server.ledger.total, asked);
      });
    }
  });

  describe("A daemon whose options contradict each other", () => {
    it("runs no command of the host, with a kubeconfig and without one", async () => {
      const ran = join(folder, "ran");
      const command = ["--enter-host=false", `--reboot-sentinel-command=touch ${ran}`];
      const contradiction = ["--ds-name=x", "--lock-object=lease/y"];
      for (const environment of [{ REBOOTD_KUBECONFIG: config }, {}]) {
        const args = ["run", "--node-id=n1", ...command, ...contradiction];
        const { code, err } = await runDaemonProcess(args, environment);
        assert.deepEqual([code, err], [2, "rebootd: --ds-name and --lock-object are mutually exclusive\n"]);
        assert.ok(!existsSync(ran), "the command ran");
      }
      // Without the contradiction the command does run.
      await runDaemonProcess(["run", "--node-id=n1", "--once", ...command], { REBOOTD_KUBECONFIG: config });
      assert.ok(existsSync(ran), "the command did not run");
    });
  });

  describe("A daemon that is started", () => {
    const args = () => [
      ...["run", "--node-id=n1", `--kubeconfig=${config}`, "--metrics-port=0", "--enter-host=false"],
      ...["--reboot-command=true", "--inhibitors=ignore", `--boot-id-path=${folder}/boot_id`],
    ];

    it("names in its first line what is in its environment and has no effect", async () => {
      const line = await firstLine([...args(), "--alert-filter-regexp="], {
        KURED_START_TIME: "22:00",
        REBOOTD_PERIODE: "5m",
        REBOOTD_SERVICE_HOST: "10.0.0.1",
        REBOOTD_PORT: "tcp://10.0.0.1:8080",
      });
      assert.match(line, / WARN {2}n1 Starting: rebootd started /);
      assert.match(
        line,
        / ignored="KURED_START_TIME, REBOOTD_PERIODE, --alert-filter-regexp without a value" /,
      );
      assert.doesNotMatch(line, /22:00|10\.0\.0\.1/);
    });

    it("names in its first line what is open to somebody who breaks in", async () => {
      await mkdir(join(folder, "containerd"));
      const socket = join(folder, "containerd/containerd.sock");
      const runtime = createServer().listen(socket);
      const line = await firstLine([...args(), `--run-path=${folder}`], {}).finally(() => runtime.close());
      assert.match(line, /rebootd started .* open="[^"]*by permission may connect to [^"]*"/);
      assert.ok(line.includes(socket), line);
    });

    it("says nothing of an environment that is in order", async () => {
      const line = await firstLine(args(), { REBOOTD_PERIOD: "1h", KURED_PORT: "tcp://10.0.0.1:8080" });
      assert.match(line, / INFO {2}n1 Starting: rebootd started version=/);
    });

    it("shows its metrics over TLS, to whoever has the token", async () => {
      const { key, cert } = await certificate();
      const file = async (name: string, content: string) => {
        await writeFile(join(folder, name), content);
        return join(folder, name);
      };
      const options = [
        `--metrics-tls-cert-file=${await file("tls.crt", cert)}`,
        `--metrics-tls-key-file=${await file("tls.key", key)}`,
        `--metrics-bearer-token-file=${await file("token", "right-token")}`,
      ];
      const asked: [status: number | undefined, text: string][] = [];
      await firstLine([...args(), ...options], {}, async (line) => {
        const [, port] = /metricsPort=(\d+)/.exec(line) ?? assert.fail(line);
        for (const [path, headers] of [
          ["/metrics", { authorization: "Bearer right-token" }],
          ["/metrics", {}],
          ["/healthz", {}],
        ] as const) {
          const request = get({ host: "127.0.0.1", port, path, headers, ca: cert, agent: false });
          const [answer] = (await once(request, "response")) as [IncomingMessage];
          asked.push([answer.statusCode, await textOf(answer)]);
        }
      });
      assert.deepEqual(
        asked.map(([status]) => status),
        [200, 401, 200],
      );
      const [, metrics = ""] = asked[0] ?? [];
      assert.match(metrics, /^rebootd_build_info\{/m);
      assert.match(
        metrics,
        /^rebootd_config_info\{reboot_method="command",lock_kind="lease",concurrency="1",windows="no",alerts="no",preflight="on",node="n1"\} 1$/m,
      );
      const [, bootedAt] = /^rebootd_node_boot_timestamp_seconds\S* (\d+)$/m.exec(metrics) ?? [];
      assert.ok(Math.abs(Date.now() / 1000 - uptime() - Number(bootedAt)) < 3, bootedAt);
    });
  });

  describe("A daemon that is to look once", () => {
    const { signal } = new AbortController();
    const admin = createClient({ transport: server.transport(server.adminToken), clock: systemClock });
    const lookOnce = () => [
      "run",
      "--node-id=n1",
      "--once",
      `--kubeconfig=${config}`,
      `--boot-id-path=${folder}/boot_id`,
      `--reboot-sentinel=${folder}/reboot-required`,
      ...["--enter-host=false", "--reboot-command=true", "--inhibitors=ignore"],
    ];
    const means = "reboot method: command\ninhibitors: ignore\n";

    before(() => admin.create("/api/v1/nodes", { metadata: { name: "n1" } }, { signal }));

    it("says that no reboot is needed", async () => {
      const { code, out } = await runDaemonProcess(lookOnce());
      assert.equal(code, 0);
      assert.equal(out, `n1 is Idle and would wait: no reboot is needed\n${means}`);
    });

    it("says that this is another machine, and nothing of a reboot, where the boot IDs differ", async () => {
      await admin.create("/api/v1/nodes", { metadata: { name: "n2" } }, { signal });
      const status = { nodeInfo: { bootID: "11111111-649c-4c7a-bc77-9cd04c96812e" } };
      await admin.patch("/api/v1/nodes/n2/status", { status }, { signal });
      const { code, out, err } = await runDaemonProcess([...lookOnce(), "--node-id=n2"]);
      assert.deepEqual([code, out], [1, ""]);
      assert.match(
        err,
        /^rebootd: this machine is not n2: its boot ID is 1c09ca98-\S+, that of the Node is 11111111-/,
      );
    });

    it("says what it would do and why, and changes nothing", async () => {
      await writeFile(join(folder, "reboot-required"), "");
      const before = server.resourceVersion;
      const { code, out } = await runDaemonProcess(lookOnce());
      assert.equal(code, 0);
      assert.equal(out, `n1 is Idle and would acquire: a reboot is needed and no gate is closed\n${means}`);
      assert.equal(server.resourceVersion, before);
    });

    it("names what is in its environment and has no effect", async () => {
      const { out } = await runDaemonProcess(lookOnce(), { KURED_START_TIME: "22:00" });
      assert.ok(out.endsWith(`${means}ignored: KURED_START_TIME\n`), out);
    });

    it("says that the way to reboot does not work there, and ends with 2, as the daemon would", async () => {
      const args = [...lookOnce(), "--reboot-method=logind", "--dbus-socket=/no/bus"];
      const { code, out, err } = await runDaemonProcess(args);
      assert.deepEqual([code, out], [2, ""]);
      assert.match(
        err,
        /^rebootd: invalid value "logind" for --reboot-method: must be a method that works on this node, for example auto, but logind: no D-Bus socket at \/no\/bus[^\n]*\n$/,
      );
    });

    it("says which way to reboot auto takes, and why none of the others", async () => {
      const args = [...lookOnce(), "--reboot-method=auto", "--dbus-socket=/no/bus", "--inhibitors=auto"];
      const { code, out } = await runDaemonProcess(args);
      assert.equal(code, 0);
      assert.match(
        out,
        /\nreboot method: (command|signal)\npassed over: logind: no D-Bus socket at \/no\/bus/,
      );
      assert.match(out, /\ninhibitors: none are known: no D-Bus socket at \/no\/bus/);
    });

    it("asks Prometheus through the proxy that HTTP_PROXY names, unless NO_PROXY names Prometheus", async () => {
      const proxy = await startHttpProxy(1, 418);
      try {
        const url = "http://prometheus.invalid:9090";
        const args = [...lookOnce(), `--prometheus-url=${url}`];
        const HTTP_PROXY = `127.0.0.1:${proxy.port}`;
        const through = await runDaemonProcess(args, { HTTP_PROXY });
        assert.match(
          through.out,
          /\n {2}alerts \(cannot-tell\): [^\n]+prometheus\.invalid:9090 answered 418/,
        );
        assert.deepEqual(proxy.asked, [`POST ${url}/api/v1/query`]);
        const direct = await runDaemonProcess(args, { HTTP_PROXY, NO_PROXY: "10.0.0.0/8,.invalid" });
        assert.match(direct.out, /\n {2}alerts \(cannot-tell\): (?!.*418)[^\n]+prometheus\.invalid/);
        assert.equal(proxy.asked.length, 1);
        const wrong = await runDaemonProcess(args, { HTTP_PROXY: "ftp://proxy" });
        assert.deepEqual([wrong.code, wrong.out], [2, ""]);
        assert.match(wrong.err, /^rebootd: HTTP_PROXY: must be the URL of a proxy [^\n]+\n$/);
      } finally {
        await proxy.close();
      }
    });

    it("names every closed gate", async () => {
      const args = [
        ...lookOnce(),
        "--start-time=0:00",
        "--end-time=0:00",
        "--prometheus-url=http://127.0.0.1:1",
      ];
      const { code, out } = await runDaemonProcess(args);
      assert.equal(code, 0);
      assert.match(out, /^n1 is Idle and would become Waiting: /);
      assert.match(out, /\n {2}window \(outside\): outside the maintenance window, which opens next at /);
      assert.match(out, /\n {2}alerts \(cannot-tell\): cannot tell: /);
    });
  });
});
