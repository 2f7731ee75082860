import { type Api, isApiError } from "../../daemon/cluster/api.ts";
import type { Clock, Random } from "../../daemon/time/clock.ts";
import { type Machine, sentinelFile } from "../kubernetes/machines/machine.ts";
import type { DaemonHandle } from "../kubernetes/machines/supervisor.ts";

export interface KuredOptions {
  node: string;
  machine: Machine;
  /** Path of the DaemonSet that carries the lock. */
  daemonSet: string;
  clock: Clock;
  api: Api;
  random: Random;
  /** False once nobody needs it any more: it ends what it has begun, and begins nothing. */
  mayBegin: () => boolean;
}

interface Carrier {
  metadata: { resourceVersion: string; annotations?: Record<string, string> };
}

interface Entry {
  nodeID: string;
  metadata: { unschedulable: boolean };
}

const annotation = "weave.works/kured-node-lock";
const periodMs = 60_000;

/**
 * The protocol of kured 1.23 with a concurrency of 1, without its drain: it takes the lock where nobody holds it, or an entry
 * with its node's name is there, cordons, and reboots; when it starts and the lock has its name, it uncordons and releases.
 */
export function startKured(options: KuredOptions): DaemonHandle {
  const { node, machine, clock, api, random, mayBegin } = options;
  const stop = new AbortController();
  const { signal } = stop;
  const exited = Promise.withResolvers<string>();
  const nodePath = `/api/v1/nodes/${node}`;
  const { read, write } = createKuredLock(options, signal);

  async function cordon(unschedulable: true | null): Promise<void> {
    await api.patch(nodePath, { spec: { unschedulable } }, { signal });
  }

  /** What it left behind before the reboot, or before it was killed. */
  async function comeBack(): Promise<void> {
    const { carrier, entry } = await read();
    if (entry?.nodeID !== node) return;
    if (!entry.metadata.unschedulable) await cordon(null);
    await write(carrier, undefined);
  }

  async function tick(): Promise<void> {
    if (!machine.hasFile(sentinelFile) || !mayBegin()) return;
    const { carrier, entry } = await read();
    if (entry !== undefined && entry.nodeID !== node) return;
    const { spec } = await api.get<{ spec?: { unschedulable?: boolean } }>(nodePath, { signal });
    const unschedulable = spec?.unschedulable === true;
    if (entry === undefined) await write(carrier, { nodeID: node, metadata: { unschedulable } });
    await cordon(true);
    machine.shutDown();
    // It waits for the machine to go down, for as long as that takes.
    await clock.sleep(Number.POSITIVE_INFINITY, signal);
  }

  async function run(): Promise<void> {
    await clock.sleep(periodMs * (0.5 + random()), signal);
    await untilAnswered(comeBack);
    for (;;) {
      await tick().catch(expected);
      await clock.sleep(periodMs, signal);
    }
  }

  async function untilAnswered(work: () => Promise<void>): Promise<void> {
    for (;;) {
      try {
        return await work();
      } catch (error) {
        expected(error);
        await clock.sleep(periodMs, signal);
      }
    }
  }

  function expected(error: unknown): void {
    if (signal.aborted || !isApiError(error)) throw error;
  }

  void run().catch((error: unknown) => exited.resolve(String(error)));
  return {
    kill: (how) => {
      stop.abort(new Error(how));
      exited.resolve(how);
    },
    exited: exited.promise,
  };
}

/** The lock as kured reads and writes it. */
function createKuredLock({ api, clock, daemonSet }: KuredOptions, signal: AbortSignal) {
  return {
    async read(): Promise<{ carrier: Carrier; entry: Entry | undefined }> {
      const carrier = await api.get<Carrier>(daemonSet, { signal });
      const text = carrier.metadata.annotations?.[annotation];
      // What it cannot read is held by somebody, and never by itself.
      return { carrier, entry: text === undefined ? undefined : entryIn(text) };
    },
    /** Guarded by the version that was read, as its update of the whole object is. */
    async write({ metadata: { resourceVersion } }: Carrier, entry: Entry | undefined): Promise<void> {
      const value =
        entry && JSON.stringify({ ...entry, created: new Date(clock.wall()).toISOString(), TTL: 0 });
      const metadata = { resourceVersion, annotations: { [annotation]: value ?? null } };
      await api.patch(daemonSet, { metadata }, { signal });
    },
  };
}

function entryIn(text: string): Entry {
  try {
    const { nodeID = "", metadata } = JSON.parse(text) as Partial<Entry>;
    return { nodeID, metadata: { unschedulable: metadata?.unschedulable === true } };
  } catch {
    return { nodeID: "", metadata: { unschedulable: false } };
  }
}
