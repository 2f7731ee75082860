import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const startDeadlineMs = 30_000;

/** The folder with Debian's prometheus and its relatives. */
export function debianBinaries(): string {
  const folder = process.env["PROMETHEUS_DEBIAN"];
  assert.ok(
    folder,
    "PROMETHEUS_DEBIAN names the folder with Debian's prometheus; test/system/run.sh sets it",
  );
  return folder;
}

/** A port that was free just now. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

export interface Running {
  /** Resolves once it says that it listens. */
  ready: Promise<void>;
  end(): Promise<void>;
}

/** With its package's files where it looks for them, for itself alone: Alertmanager's templates are at a fixed place. */
export function startBinary(binary: string, saysWhenReady: string, args: readonly string[]): Running {
  const share = join(dirname(binary), "../share");
  const inPlace = ["--mount", "sh", "-c", 'mount --bind "$0" /usr/share && exec "$@"', share, binary];
  const child: ChildProcess = spawn("unshare", [...inPlace, ...args], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  let said = "";
  const ended = new Promise<void>((resolve) => {
    child.on("error", () => resolve());
    child.on("close", () => resolve());
  });
  const listens = new Promise<void>((resolve) => {
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      said = (said + text).slice(-20_000);
      if (said.includes(saysWhenReady)) resolve();
    });
  });
  const giveUp = new AbortController();
  const late = sleep(startDeadlineMs, undefined, { signal: giveUp.signal }).catch(() => {});
  const fail = () => {
    throw new Error(`${binary} does not listen: ${said}`);
  };
  const ready = Promise.race([listens, ended.then(fail), late.then(fail)]).finally(() => giveUp.abort());
  // Whoever waits for it gets the error; nobody may.
  ready.catch(() => {});
  return {
    ready,
    async end() {
      child.kill("SIGKILL");
      await ended;
    },
  };
}
