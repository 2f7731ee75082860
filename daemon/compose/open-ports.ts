import { type Environment, ignoredInputs } from "../config/environment.ts";
import { type Given, located } from "../config/given.ts";
import type { Settings } from "../config/settings.ts";
import type { Host } from "../host/host.ts";
import { openHttpAccess, proxyTo } from "../prometheus/access.ts";
import { createPost } from "../prometheus/http.ts";
import { openMetricsAccess } from "../report/metrics-access.ts";
import type { ReadText } from "../text/option-file.ts";
import type { DaemonPorts, Ports } from "./daemon.ts";
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
  connect: (kubeconfig: string | undefined) => Promise<Ports["transport"]>;
  readText: ReadText;
  /** Runs commands of the host. */
  createHost: (settings: Settings) => Promise<Host>;
}

/** Does the work; a ConfigError of it names the option at fault as the place has it that gave the option. */
export async function naming<T>(given: Given, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw located(error, given);
  }
}

/** The world as the settings ask for it. Rejects with a ConfigError where a file is invalid. */
export async function openPorts(
  settings: Settings,
  given: Given,
  world: ProcessPorts,
  transport: Ports["transport"],
): Promise<Omit<DaemonPorts, "processMetrics">> {
  const { alerts, silences, report, health } = settings;
  const { access } = alerts ?? silences ?? {};
  const asked = [alerts?.prometheusUrl, alerts?.alertmanagerUrl, silences?.alertmanagerUrl];
  const proxy = proxyTo(asked, world.environment);
  const readHttpAccess =
    access === undefined
      ? async () => ({ headers: {}, caPem: undefined })
      : await openHttpAccess(access, world.readText);
  const messages = await openMessages(settings.notify, world);
  return {
    ...world,
    messages,
    transport,
    post: createPost(readHttpAccess, proxy),
    metricsAccess: await openMetricsAccess(report.files, world.readText),
    host: await world.createHost(settings),
    ignored: ignoredInputs(world.environment, given.raw),
    ...(health !== undefined && (await withHealth())),
    ...(world.rights === "asked" && (await inKuredsPlace())),
  };
}

/** The language of the conditions, and what reads their objects. */
async function withHealth(): Promise<Pick<Ports, "createHealthLook">> {
  const { createHealthLook } = await import("../health/look.ts");
  return { createHealthLook };
}

/** Code that the usual daemon does not have in its memory. */
async function inKuredsPlace(): Promise<Pick<Ports, "doWithout" | "inheritKured">> {
  const [{ doWithout }, { inheritKured }] = await Promise.all([
    import("../cluster/do-without.ts"),
    import("../kured/inherit.ts"),
  ]);
  return { doWithout, inheritKured };
}
