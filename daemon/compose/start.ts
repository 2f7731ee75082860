import { type Environment, ignoredInputs } from "../config/environment.ts";
import { parseSettings, type RawOptions, type Settings } from "../config/settings.ts";
import type { Host } from "../host/host.ts";
import { openHttpAccess, proxyTo } from "../prometheus/access.ts";
import { createPost } from "../prometheus/http.ts";
import { openMetricsAccess } from "../report/metrics-access.ts";
import type { ReadText } from "../text/option-file.ts";
import { type Ports, runDaemon } from "./daemon.ts";
import { lookDaemon } from "./look.ts";
import { openMessages } from "./open-messages.ts";

/** The world of the process: its environment, the machine, its files and the network. */
export interface ProcessPorts
  extends Pick<Ports, "clock" | "random" | "log" | "version" | "instance" | "notes"> {
  /**
   * The ServiceAccount was made for another program, as kured's was: the daemon goes without what the API
   * server refuses it.
   */
  rights?: "asked";
  environment: Environment;
  out: (text: string) => void;
  /** Reads the kubeconfig. */
  connect: (kubeconfig: string | undefined) => Ports["transport"];
  readText: ReadText;
  /** Runs commands of the host. */
  createHost: (settings: Settings) => Promise<Host>;
}

/**
 * `rebootd run`: until the signal ends it, or with --once until it has printed what would be done. Rejects
 * with a ConfigError for input that is invalid: for contradictions of the options before anything is read,
 * for files before a command is run.
 */
export async function start(raw: RawOptions, world: ProcessPorts, signal: AbortSignal): Promise<void> {
  const settings = parseSettings(raw);
  const { alerts, silences, node, report } = settings;
  const { access } = alerts ?? silences ?? {};
  const asked = [alerts?.prometheusUrl, alerts?.alertmanagerUrl, silences?.alertmanagerUrl];
  const proxy = proxyTo(asked, world.environment);
  const transport = world.connect(node.kubeconfig);
  const readHttpAccess =
    access === undefined
      ? async () => ({ headers: {}, caPem: undefined })
      : await openHttpAccess(access, world.readText);
  const messages = await openMessages(settings.notify, world);
  const ports = {
    ...world,
    messages,
    transport,
    post: createPost(readHttpAccess, proxy),
    metricsAccess: await openMetricsAccess(report.files, world.readText),
    host: await world.createHost(settings),
    ignored: ignoredInputs(world.environment, raw),
    ...(world.rights === "asked" && { doWithout: (await import("../cluster/do-without.ts")).doWithout }),
  };
  if (node.once) world.out(await lookDaemon(settings, ports, signal));
  else await runDaemon(settings, ports, signal);
}
