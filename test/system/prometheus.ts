import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { debianBinaries, freePort, type Running, startBinary } from "./prometheus-binaries.ts";

/** Debian's Prometheus and Alertmanager on loopback, with a target whose figures the test sets. */
export interface Monitoring {
  prometheusUrl: string;
  alertmanagerUrl: string;
  /** For Prometheus, which is spoken to over TLS and with a password. */
  caFile: string;
  basicAuthFile: string;
  /** What the target shows from now on, by name of the metric. */
  figures: Map<string, number>;
  /** Resolves with the ID of the silence. */
  silence(matchers: Record<string, string>): Promise<string>;
  endSilence(id: string): Promise<void>;
  stop(): Promise<void>;
}

/** bcrypt of "a-password". */
const passwordHash = "$2b$04$abcdefghijklmnopqrstuurp8gIuTR7jNLYUS2oWqlo53RjDCp7f6";

export async function startMonitoring(
  rules: object[],
  inhibitRules: object[],
  { key, cert }: { key: string; cert: string },
): Promise<Monitoring> {
  const binaries = debianBinaries();
  const folder = await mkdtemp(join(tmpdir(), "rebootd-monitoring-"));
  const file = async (name: string, content: string | object) => {
    // JSON is YAML.
    await writeFile(join(folder, name), typeof content === "string" ? content : JSON.stringify(content));
    return join(folder, name);
  };
  const figures = new Map<string, number>();
  const target = await startTarget(figures);
  const [prometheusPort, alertmanagerPort] = [await freePort(), await freePort()];
  const running: Running[] = [];
  const stop = async () => {
    await Promise.all(running.map((one) => one.end()));
    target.close();
    target.closeAllConnections();
    await rm(folder, { recursive: true });
  };

  const alertmanagerUrl = `http://127.0.0.1:${alertmanagerPort}`;
  try {
    const alertmanagerFile = await file("alertmanager.yml", alertmanagerConfig(inhibitRules));
    running.push(
      startBinary(join(binaries, "prometheus-alertmanager"), 'msg="Listening on"', [
        `--config.file=${alertmanagerFile}`,
        `--storage.path=${join(folder, "alertmanager")}`,
        `--web.listen-address=127.0.0.1:${alertmanagerPort}`,
        "--cluster.listen-address=",
      ]),
    );
    const ruleFile = await file("rules.yml", { groups: [{ name: "test", rules }] });
    const { port } = target.address() as AddressInfo;
    const config = prometheusConfig(ruleFile, `127.0.0.1:${port}`, `127.0.0.1:${alertmanagerPort}`);
    const prometheusFile = await file("prometheus.yml", config);
    const web = await file("web.yml", {
      tls_server_config: { cert_file: await file("cert.pem", cert), key_file: await file("key.pem", key) },
      basic_auth_users: { rebootd: passwordHash },
    });
    running.push(
      startBinary(join(binaries, "prometheus"), "Server is ready to receive web requests", [
        `--config.file=${prometheusFile}`,
        `--web.config.file=${web}`,
        `--storage.tsdb.path=${join(folder, "prometheus")}`,
        `--web.listen-address=127.0.0.1:${prometheusPort}`,
      ]),
    );
    await Promise.all(running.map(({ ready }) => ready));
  } catch (error) {
    await stop();
    throw error;
  }

  return {
    prometheusUrl: `https://127.0.0.1:${prometheusPort}`,
    alertmanagerUrl,
    caFile: join(folder, "cert.pem"),
    basicAuthFile: await file("basic-auth", "rebootd:a-password\n"),
    figures,
    stop,
    silence: (matchers) => silence(alertmanagerUrl, matchers),
    endSilence: (id) => endSilence(alertmanagerUrl, id),
  };
}

function alertmanagerConfig(inhibitRules: readonly object[]): object {
  return {
    route: { receiver: "nobody", group_wait: "0s" },
    receivers: [{ name: "nobody" }],
    inhibit_rules: inhibitRules,
  };
}

function prometheusConfig(ruleFile: string, target: string, alertmanager: string): object {
  return {
    global: { scrape_interval: "1s", evaluation_interval: "1s", external_labels: { cluster: "test" } },
    rule_files: [ruleFile],
    scrape_configs: [{ job_name: "target", static_configs: [{ targets: [target] }] }],
    alerting: { alertmanagers: [{ static_configs: [{ targets: [alertmanager] }] }] },
  };
}

async function silence(alertmanagerUrl: string, matchers: Readonly<Record<string, string>>): Promise<string> {
  const startsAt = new Date();
  const body = {
    matchers: Object.entries(matchers).map(([name, value]) => ({
      name,
      value,
      isRegex: true,
      isEqual: true,
    })),
    startsAt,
    endsAt: new Date(startsAt.getTime() + 3_600_000),
    createdBy: "a person",
    comment: "it is known",
  };
  const answer = await fetch(`${alertmanagerUrl}/api/v2/silences`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  assert.equal(answer.status, 200, await answer.clone().text());
  return ((await answer.json()) as { silenceID: string }).silenceID;
}

async function endSilence(alertmanagerUrl: string, id: string): Promise<void> {
  const answer = await fetch(`${alertmanagerUrl}/api/v2/silence/${id}`, { method: "DELETE" });
  assert.equal(answer.status, 200);
}

async function startTarget(figures: ReadonlyMap<string, number>): Promise<Server> {
  const server = createServer((_, response) => {
    response.setHeader("content-type", "text/plain");
    response.end([...figures].map(([name, value]) => `${name} ${value}\n`).join(""));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return server;
}
