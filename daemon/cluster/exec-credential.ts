import { spawn } from "node:child_process";
import type { Cluster } from "@kubernetes/client-node";
import * as z from "zod/mini";
import type { Clock } from "../time/clock.ts";
import { withDeadline } from "../time/deadline.ts";

/** The deadline of a request is longer, so that the error names the plugin. */
const deadlineMs = 25_000;
/** A plugin is started at most this often, even if its clock and ours differ. */
const ageMinMs = 60_000;
const outputMaxChars = 1024 * 1024;

/**
 * The `exec` of a kubeconfig's user:
 * https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins
 */
const execSchema = z.looseObject({
  apiVersion: z.string(),
  command: z.string(),
  args: z.nullish(z.array(z.string())),
  env: z.nullish(z.array(z.object({ name: z.string(), value: z.string() }))),
  installHint: z.nullish(z.string()),
  provideClusterInfo: z.nullish(z.boolean()),
});

const answerSchema = z.object({
  kind: z.literal("ExecCredential"),
  status: z.object({
    token: z.nullish(z.string()),
    clientCertificateData: z.nullish(z.string()),
    clientKeyData: z.nullish(z.string()),
    expirationTimestamp: z.nullish(z.string()),
  }),
});

export interface ExecCredential {
  token: string | undefined;
  /** PEM. */
  cert: string | undefined;
  key: string | undefined;
  /** The expiry, by `clock.elapsed()`; undefined if only a 401 shows it. */
  until: number | undefined;
}

export interface ExecPlugin {
  /** The `exec` field of the kubeconfig's user. */
  exec: unknown;
  cluster: Cluster;
  environment: Readonly<Record<string, string | undefined>>;
  clock: Clock;
}

/** Runs the plugin once. Rejects with its error output if it returns no credentials. */
export async function runExecPlugin({
  exec,
  cluster,
  environment,
  clock,
}: ExecPlugin): Promise<ExecCredential> {
  const parsed = execSchema.safeParse(exec);
  if (!parsed.success) {
    const { path = [], message } = parsed.error.issues[0] ?? {};
    throw new Error(`the kubeconfig's credential plugin: exec.${path.join(".")}: ${message}`);
  }
  const { apiVersion, command, args, env, installHint, provideClusterInfo } = parsed.data;
  const what = `credential plugin ${command}`;
  const spec = { interactive: false, ...(provideClusterInfo && { cluster: describe(cluster) }) };
  const info = JSON.stringify({ apiVersion, kind: "ExecCredential", spec });
  const added = Object.fromEntries((env ?? []).map(({ name, value }) => [name, value]));
  const run = (signal: AbortSignal) =>
    outputOf(command, args ?? [], { ...environment, ...added, KUBERNETES_EXEC_INFO: info }, signal);
  try {
    const output = await withDeadline(clock, deadlineMs, new AbortController().signal, "it", run);
    return read(output, clock);
  } catch (cause) {
    const isMissing = (cause as NodeJS.ErrnoException).code === "ENOENT";
    const hint = isMissing && installHint ? `; ${installHint.trim()}` : "";
    throw new Error(`${what}: ${(cause as Error).message}${hint}`);
  }
}

function describe({ server, caData, caFile, skipTLSVerify, tlsServerName, proxyUrl }: Cluster) {
  return {
    server,
    ...(caData && { "certificate-authority-data": caData }),
    ...(caFile && { "certificate-authority": caFile }),
    ...(skipTLSVerify && { "insecure-skip-tls-verify": true }),
    ...(tlsServerName && { "tls-server-name": tlsServerName }),
    ...(proxyUrl && { "proxy-url": proxyUrl }),
  };
}

function read(output: string, clock: Clock): ExecCredential {
  const { status } = answerSchema.parse(JSON.parse(output));
  const { token, clientCertificateData, clientKeyData, expirationTimestamp } = status;
  if (!token && !(clientCertificateData && clientKeyData))
    throw new Error("it returned neither a token nor a certificate");
  const leftMs = Date.parse(expirationTimestamp ?? "") - clock.wall();
  return {
    token: token ?? undefined,
    cert: clientCertificateData ?? undefined,
    key: clientKeyData ?? undefined,
    until: Number.isNaN(leftMs) ? undefined : clock.elapsed() + Math.max(leftMs, ageMinMs),
  };
}

function outputOf(
  command: string,
  args: readonly string[],
  env: Record<string, string | undefined>,
  signal: AbortSignal,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      env,
      stdio: ["ignore", "pipe", "pipe"],
      signal,
      killSignal: "SIGKILL",
    });
    let output = "";
    let said = "";
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
      output += chunk.slice(0, outputMaxChars - output.length);
    });
    child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
      said = (said + chunk).slice(-outputMaxChars);
    });
    child.on("error", reject);
    child.on("close", (code, killedBy) => {
      if (code === 0) resolve(output);
      else reject(new Error(`it exited with ${code ?? killedBy}: ${said.trim() || "no error output"}`));
    });
  });
}
