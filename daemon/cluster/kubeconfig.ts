import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { HttpMethod, KubeConfig, RequestContext } from "@kubernetes/client-node";
import { type Dispatcher, getGlobalDispatcher } from "undici";
import type { Clock } from "../clock.ts";
import type { ApiResponse, Transport } from "./transport.ts";

/** Certificates and CA bundles are re-read this often; tokens are asked for with every request. */
const dispatcherAgeMaxMs = 10 * 60_000;

/** A kubeconfig that cannot be used; the message names the file and what is wrong with it. */
export class KubeconfigError extends Error {
  override readonly name = "KubeconfigError";
}

/**
 * The way to the API server: the named file, else the service account of the pod.
 * Reads files only; nothing is sent.
 */
export function loadKubeconfig(file: string | undefined): KubeConfig {
  if (file !== undefined) return fromFiles([file]);
  const tokenFile = "/var/run/secrets/kubernetes.io/serviceaccount/token";
  if (!existsSync(tokenFile)) {
    throw new KubeconfigError("not in a pod (no service account token) and no --kubeconfig given");
  }
  const config = new KubeConfig();
  config.loadFromCluster();
  return config;
}

/**
 * As kubectl finds it for a person: the named file, else the files in KUBECONFIG, else ~/.kube/config, else the service
 * account of the pod (https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/).
 */
export function loadPersonalKubeconfig({
  kubeconfig,
  listed,
  context,
}: {
  kubeconfig: string | undefined;
  listed: readonly string[];
  context: string | undefined;
}): KubeConfig {
  const own = join(homedir(), ".kube", "config");
  const files =
    kubeconfig !== undefined ? [kubeconfig] : listed.length > 0 ? listed : existsSync(own) ? [own] : [];
  const config = files.length > 0 ? fromFiles(files, context) : loadKubeconfig(undefined);
  return context === undefined ? config : inContext(config, context);
}

/** The first file with a current-context sets it, as with kubectl. */
function fromFiles(files: readonly string[], context?: string): KubeConfig {
  const config = new KubeConfig();
  for (const file of files) {
    const one = new KubeConfig();
    try {
      readFileSync(file);
      one.loadFromFile(file);
      config.mergeConfig(one, Boolean(config.getCurrentContext()));
    } catch (cause) {
      throw new KubeconfigError((cause as Error).message, { cause });
    }
  }
  if (context === undefined && config.getCurrentCluster() === null) {
    throw new KubeconfigError("its current-context names no cluster");
  }
  return config;
}

function inContext(config: KubeConfig, context: string): KubeConfig {
  config.setCurrentContext(context);
  if (config.getCurrentCluster() !== null) return config;
  const names = config.getContexts().map(({ name }) => name);
  throw new KubeconfigError(
    `it has no context ${JSON.stringify(context)} with a cluster; there are ${names.join(", ")}`,
  );
}

/** HTTP to the current context's server, with its credentials, over connections that are kept. */
export function kubeconfigTransport(config: KubeConfig, clock: Clock): Transport {
  const server = new URL(config.getCurrentCluster()?.server ?? "");
  const prefix = server.pathname.replace(/\/$/, "");
  let kept: { dispatcher: Dispatcher; since: number } | undefined;

  return async (request) => {
    const context = new RequestContext(server.origin + prefix + request.path, HttpMethod.GET);
    await config.applySecurityAuthentication(context);
    // The client library makes a new connection pool for each request; one is enough until its certificates are old.
    if (kept === undefined || clock.elapsed() - kept.since > dispatcherAgeMaxMs) {
      // close() lets what is under way finish, watches too.
      if (kept !== undefined && kept.dispatcher !== getGlobalDispatcher()) void kept.dispatcher.close();
      const made = context.getDispatcher() as Dispatcher | undefined;
      kept = { dispatcher: made ?? getGlobalDispatcher(), since: clock.elapsed() };
    }
    const answer = await kept.dispatcher.request({
      origin: server.origin,
      path: prefix + request.path,
      method: request.method,
      headers: { ...context.getHeaders(), ...request.headers },
      body: request.body ?? null,
      signal: request.signal,
      // The caller's deadlines rule; undici's own would end a quiet watch after 5 minutes.
      headersTimeout: 0,
      bodyTimeout: 0,
    });
    return {
      status: answer.statusCode,
      header: (name) => {
        const value = answer.headers[name];
        return Array.isArray(value) ? value[0] : value;
      },
      text: () => answer.body.text(),
      chunks: () => answer.body.setEncoding("utf8") as AsyncIterable<string>,
    } satisfies ApiResponse;
  };
}
