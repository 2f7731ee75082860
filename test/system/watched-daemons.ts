import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RuleFile } from "../../manifests/monitoring/rules.ts";
import { durationMs } from "../monitoring/durations.ts";
import { debianBinaries, type Running, startBinary } from "./prometheus-binaries.ts";

export interface Sample {
  metric: Record<string, string>;
  points: [at: number, value: number][];
}

/** Debian's Prometheus with our rules. It scrapes and evaluates every second. */
export interface WatchedDaemons {
  url: string;
  /** The answer of now, or of then. */
  now(expr: string, at?: number): Promise<Sample[]>;
  /** One value each second. */
  course(expr: string, from: number, to: number): Promise<Sample[]>;
  stop(): Promise<void>;
}

/** Minutes of the rules pass as seconds: a test has no hours. Thresholds in the expressions stay. */
export const haste = 60;

export function hastened(rules: RuleFile): RuleFile {
  const faster = (duration: string) => `${Math.ceil(durationMs(duration) / haste)}ms`;
  return {
    groups: rules.groups.map((group) => ({
      ...group,
      rules: group.rules.map((rule) => ({
        ...rule,
        for: faster(rule.for),
        expr: rule.expr.replaceAll(/\[(\w+)\]/g, (_, range) => `[${faster(range)}]`),
      })),
    })),
  };
}

export interface Watched {
  port: number;
  rules: RuleFile;
  /** Addresses of the daemons, and of who has the figures of the Nodes. */
  daemons: readonly string[];
  nodeFigures: string;
}

export async function watchDaemons({ port, rules, daemons, nodeFigures }: Watched): Promise<WatchedDaemons> {
  const folder = await mkdtemp(join(tmpdir(), "rebootd-watched-"));
  const file = async (name: string, content: object) => {
    // JSON is YAML.
    await writeFile(join(folder, name), JSON.stringify(content));
    return join(folder, name);
  };
  const job = (name: string, targets: readonly string[]) => ({
    job_name: name,
    honor_labels: true,
    static_configs: [{ targets }],
  });
  const config = await file("prometheus.yml", {
    global: { scrape_interval: "1s", scrape_timeout: "1s", evaluation_interval: "1s" },
    rule_files: [await file("rules.yml", rules)],
    scrape_configs: [job("kube-system/rebootd", daemons), job("kube-state-metrics", [nodeFigures])],
  });
  const running: Running = startBinary(
    join(debianBinaries(), "prometheus"),
    "Server is ready to receive web requests",
    [
      `--config.file=${config}`,
      `--storage.tsdb.path=${join(folder, "data")}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ],
  );
  const stop = async () => {
    await running.end();
    await rm(folder, { recursive: true });
  };
  try {
    await running.ready;
  } catch (error) {
    await stop();
    throw error;
  }
  const url = `http://127.0.0.1:${port}`;
  return {
    url,
    now: async (expr, at) => {
      const parameters = { query: expr, ...(at !== undefined && { time: `${at}` }) };
      const result = await ask<{ metric: Sample["metric"]; value: Point }>(url, "query", parameters);
      return result.map(({ metric, value }) => ({ metric, points: [read(value)] }));
    },
    course: async (expr, from, to) => {
      const parameters = { query: expr, start: `${from}`, end: `${to}`, step: "1" };
      const result = await ask<{ metric: Sample["metric"]; values: Point[] }>(url, "query_range", parameters);
      return result.map(({ metric, values }) => ({ metric, points: values.map(read) }));
    },
    stop,
  };
}

type Point = [at: number, value: string];

const read = ([at, value]: Point): [number, number] => [at, Number(value)];

async function ask<R>(url: string, path: string, parameters: Record<string, string>): Promise<R[]> {
  const answer = await fetch(`${url}/api/v1/${path}`, {
    method: "POST",
    body: new URLSearchParams(parameters),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`Prometheus answered ${answer.status} to ${parameters["query"]}: ${text}`);
  return (JSON.parse(text) as { data: { result: R[] } }).data.result;
}
