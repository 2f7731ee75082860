import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { flagsFor } from "./image.ts";
import { bareEnvironment, program } from "./program.ts";

/** A running `rebootd ui`. */
export interface UiProcess {
  /** Of the page, with the secret in it. */
  url: string;
  /** Scheme, host and port. */
  origin: string;
  /** Both outputs so far. */
  text(): string;
  /** By SIGTERM; resolves with the exit code. */
  stop(): Promise<number | null>;
}

const startMs = 60_000;

/** Resolves once it has printed its address; rejects with its output if it ends first, or after a minute. */
export async function startUi(kubeconfig: string, ...options: readonly string[]): Promise<UiProcess> {
  const args = [...flagsFor(program), program, "ui", "--no-open", `--kubeconfig=${kubeconfig}`, ...options];
  const child = spawn(process.execPath, args, { env: bareEnvironment, stdio: ["ignore", "pipe", "pipe"] });
  let text = "";
  const kill = () => void child.kill("SIGKILL");
  process.once("exit", kill);
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  void ended.then(() => process.off("exit", kill));
  const url = await new Promise<string>((resolve, reject) => {
    const fail = (why: string) => reject(new Error(`rebootd ui ${why}: ${text}`));
    const timer = setTimeout(() => fail("has printed no address"), startMs);
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (more: string) => {
        text += more;
        const found = /http:\/\/\S+/.exec(text)?.[0];
        if (found === undefined) return;
        clearTimeout(timer);
        resolve(found);
      });
    }
    void ended.then((code) => fail(`has ended with ${code}`));
  }).catch((error: unknown) => {
    kill();
    throw error;
  });
  assert.match(url, /^http:\/\/(127\.0\.0\.1|localhost):\d+\/\S{20,}/);
  return {
    url,
    origin: new URL(url).origin,
    text: () => text,
    stop: () => {
      child.kill("SIGTERM");
      return ended;
    },
  };
}
