#!/usr/bin/env node
import { createReadStream } from "node:fs";
import { writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import type { Writable } from "node:stream";
import { text as textOf } from "node:stream/consumers";
import manifest from "../package.json" with { type: "json" };
import { calledAs, kuredName } from "./cli/called-as.ts";
import type { Credentials } from "./cli/cluster-options.ts";
import { kubeconfigFiles } from "./cli/options.ts";
import { runProgram } from "./cli/program.ts";
import { createScreen } from "./cli/screen.ts";
import { terminalOf } from "./cli/terminal.ts";
import { createClient } from "./cluster/client.ts";
import { loadKubeconfig } from "./cluster/daemon-kubeconfig.ts";
import { ImpersonationError } from "./cluster/impersonation.ts";
import { KubeconfigError } from "./cluster/kubeconfig-error.ts";
import { kubeconfigTransport } from "./cluster/kubeconfig-transport.ts";
import { ProxyError } from "./cluster/proxy.ts";
import { createHost } from "./compose/host.ts";
import { openMessages } from "./compose/open-messages.ts";
import type { ProcessPorts } from "./compose/open-ports.ts";
import { start } from "./compose/start.ts";
import type { TypedOptions } from "./config/given.ts";
import type { NotifySettings } from "./config/options/notify.ts";
import type { RawOptions, Settings } from "./config/settings.ts";
import { explain } from "./report/log.ts";
import { ConfigError, invalidValue } from "./text/config-error.ts";
import { oneLine } from "./text/one-line.ts";
import { systemClock } from "./time/clock.ts";

/**
 * A stop that takes longer than this is not clean any more; the record is true at every moment all the same.
 */
const stopDeadlineMs = 5000;

/** Limits a file that an option names. A bundle of all usual authorities is a quarter of that. */
const fileMaxBytes = 1024 * 1024;

const { version } = manifest;
const { program, args } = calledAs(process.argv[1] ?? "", process.argv.slice(2));
const stop = new AbortController();
for (const name of ["SIGTERM", "SIGINT"] as const) {
  process.once(name, () => {
    stop.abort(new Error(`stopped by ${name}`));
    setTimeout(() => process.exit(1), stopDeadlineMs).unref();
  });
}

// A reader that has gone is no fault: a command that changes something is done all the same.
const readerGone = new AbortController();
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  readerGone.abort();
});
const screen = createScreen(process.stdin, process.stdout, process.env);
process.on("exit", () => screen?.close());

// A daemon in a pod reads no kubeconfig, and has none of this in its memory.
const isDaemon = program === kuredName || args[0] === "run";
const kubeconfigs = isDaemon ? undefined : await import("./cluster/kubeconfig.ts");

const io = {
  environment: process.env,
  version,
  program,
  terminal: terminalOf(process.stdout, process.env),
  screen,
  readerGone: readerGone.signal,
  out: (text: string) => void process.stdout.write(text),
  err: (text: string) => void process.stderr.write(text),
  clock: systemClock,
  random: Math.random,
  readText: (file: string) =>
    file === "-" ? inputText() : textOf(createReadStream(file, { end: fileMaxBytes })),
  writeText: (file: string, text: string) => writeFile(file, text),
  openMessages: (settings: NotifySettings) => openMessages(settings, io),
  connect: (credentials: Credentials) => {
    try {
      const config = ofPeople().loadPersonalKubeconfig(credentials);
      const transport = kubeconfigTransport(config, systemClock, process.env, credentials.impersonation);
      const { requestTimeoutMs } = credentials;
      const userAgent = `rebootd/${version}`;
      return createClient({ transport, clock: systemClock, requestTimeoutMs, userAgent });
    } catch (error) {
      throw badKubeconfig(credentials.kubeconfig, error);
    }
  },
  kubeconfigNames: (credentials: Credentials) => ofPeople().namesInKubeconfig(credentials),
  clusterName: (credentials: Credentials) =>
    ofPeople().loadPersonalKubeconfig(credentials).getCurrentContext(),
};

try {
  process.exitCode = await exitCode();
} catch (error) {
  if (!stop.signal.aborted) {
    io.err(`${program}: ${oneLine(explain(error))}\n`);
    process.exitCode = 1;
  }
}
// An exit at once would cut off output that a slow reader has not read yet.
await written(process.stdout);
// Connections that are kept open for the next request do not keep the process.
setTimeout(() => process.exit(), 200).unref();

/** The standard input, cut behind the limit of files. */
async function inputText(): Promise<string> {
  let text = "";
  for await (const part of process.stdin.setEncoding("utf8")) {
    text += part;
    if (text.length > fileMaxBytes) break;
  }
  return text;
}

function written(stream: Writable): Promise<void> {
  if (stream.destroyed) return Promise.resolve();
  return new Promise((resolve) => {
    stream.once("close", resolve);
    stream.write("", () => resolve());
  });
}

async function exitCode(): Promise<number> {
  if (program !== kuredName)
    return await runProgram(args, io, (raw, from) => run(raw, {}, from), stop.signal);
  // The usual daemon has none of this in its memory.
  const { runKured } = await import("./kured/run.ts");
  return await runKured(args, io, (raw, environment, notes) =>
    run(raw, { environment, notes, rights: "asked" }),
  );
}

function run(
  raw: RawOptions,
  more: Partial<ProcessPorts> = {},
  from?: Omit<TypedOptions, "raw">,
): Promise<void> {
  const ports = {
    ...io,
    ...more,
    log: process.stderr,
    instance: hostname(),
    connect: async (kubeconfig: string | undefined) => {
      try {
        const listed = kubeconfigFiles(process.env);
        const access = await loadKubeconfig({ kubeconfig, listed }, process.env);
        return kubeconfigTransport(access, systemClock, process.env);
      } catch (error) {
        throw badKubeconfig(kubeconfig, error);
      }
    },
    createHost: (settings: Settings) => createHost(settings, systemClock, process.kill, stop.signal),
  };
  return start(raw, ports, stop.signal, from);
}

function ofPeople() {
  if (kubeconfigs === undefined) throw new Error("a daemon has no kubeconfig of a person");
  return kubeconfigs;
}

/** An error in what the person has given, as such. */
function badKubeconfig(file: string | undefined, error: unknown): unknown {
  if (error instanceof ProxyError || error instanceof ImpersonationError)
    return new ConfigError(error.message);
  if (!(error instanceof KubeconfigError)) return error;
  const rule = `must be a readable kubeconfig file with a current-context, but ${error.message}`;
  if (file === undefined) return new ConfigError(`--kubeconfig ${rule}`);
  return invalidValue("kubeconfig", JSON.stringify(file), rule);
}
