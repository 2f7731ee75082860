import { randomBytes } from "node:crypto";
import { setFlagsFromString } from "node:v8";
import type { Access } from "../cli/access.ts";
import { CommandRefused } from "../cli/admin.ts";
import type { Fleet } from "../cli/fleet.ts";
import { readInstalled } from "../cli/installed.ts";
import type { Text } from "../cli/terminal.ts";
import { watchFleet } from "../cli/watch-fleet.ts";
import { isApiError } from "../cluster/api.ts";
import { explain as withCauses } from "../report/log.ts";
import type { Clock } from "../time/clock.ts";
import { linked } from "../time/linked.ts";
import { change } from "./changes.ts";
import { createForecasts } from "./forecasts.ts";
import { readNodeDetail } from "./node-detail.ts";
import { readPage } from "./page-files.ts";
import { type Sources, servePage } from "./server.ts";
import { type Snapshot, snapshotOf } from "./snapshot.ts";
import { createStreams, type Streams } from "./streams.ts";

export interface UiOptions {
  port: number;
  canChange: boolean;
  /** Undefined: no browser is opened. */
  openBrowser: ((address: string) => void) | undefined;
  /** The cluster, as its kubeconfig names it. */
  cluster: string;
}

export interface UiIo {
  out: (text: Text) => void;
  err: (text: string) => void;
}

/** 128 random bits. */
const secret = () => randomBytes(16).toString("base64url");

/**
 * Serves the page until the signal ends it. The address is printed once the cluster has been read: a first look that
 * fails rejects, and so does a port that is taken.
 */
export async function serveUi(
  access: Access,
  options: UiOptions,
  io: UiIo,
  signal: AbortSignal,
): Promise<void> {
  // With 5,000 nodes it takes 130 MB and not 280 MB: garbage is collected before the memory grows, as in the image.
  setFlagsFromString("--optimize-for-size");
  const serving = linked(signal);
  const streams = createStreams(access.clock);
  const feed = createFeed(options, streams, access.clock);
  const sources: Sources = {
    page: await readPage(),
    streams,
    node: (name, inner) => readNodeDetail(access, name, feed.fleet(), inner),
    ...createForecasts(access),
    ...(options.canChange && { change: (name, body, inner) => change(access, name, body, inner) }),
  };
  const token = secret();
  const ticket = options.openBrowser && secret();
  const onFault = (error: unknown) => io.err(`rebootd: ${withCauses(error)}\n`);
  const served = { port: options.port, token, ticket, sources, clock: access.clock, onFault };
  try {
    const { port } = await servePage(served, serving.signal);
    const watching = followFleet(access, feed, serving.signal);
    await Promise.race([feed.first, watching]);
    if (!signal.aborted) {
      const address = `http://127.0.0.1:${port}/`;
      io.out(`${address}${token}/\n${options.canChange ? "" : readOnly}Ctrl-C ends it\n`);
      options.openBrowser?.(`${address}open/${ticket}`);
    }
    await Promise.all([watching, streams.run(serving.signal)]);
  } finally {
    serving.end();
  }
}

const readOnly = "read-only; see --allow-changes\n";

/** Publishes what is seen of the cluster. */
function createFeed({ cluster, canChange }: UiOptions, streams: Streams, clock: Clock) {
  const first = Promise.withResolvers<void>();
  let poolLabel: string | undefined;
  let fleet: Fleet | undefined;
  let last: Snapshot | undefined;

  function publish(): void {
    if (fleet === undefined) return;
    last = snapshotOf(fleet, { cluster, canChange, poolLabel }, clock.wall(), last);
    streams.publish(last);
  }

  return {
    /** Resolves with the first look. */
    first: first.promise,
    fleet: () => fleet,
    publish,
    onTrouble: streams.publishTrouble,
    onChange(seen: Fleet): void {
      fleet = seen;
      publish();
      first.resolve();
    },
    usePoolLabel(label: string | undefined): void {
      poolLabel = label;
    },
  };
}

/** Ages in texts grow, also where nothing happens. */
const refreshMs = 10_000;

/** Follows the fleet until the signal ends it. Rejects if the first look fails. */
async function followFleet(
  access: Access,
  feed: ReturnType<typeof createFeed>,
  signal: AbortSignal,
): Promise<void> {
  feed.usePoolLabel(await poolLabelOf(access, signal));
  const refresh = async () => {
    while (!signal.aborted) {
      await access.clock.sleep(refreshMs, signal).catch(() => {});
      if (!signal.aborted) feed.publish();
    }
  };
  await Promise.all([watchFleet(access, feed, signal), refresh()]);
}

/** The label that names the pool of a node, if the options of the daemons can be read and have one. */
async function poolLabelOf({ api }: Access, signal: AbortSignal): Promise<string | undefined> {
  try {
    const installed = await readInstalled(api, signal);
    const label = installed?.map(({ raw }) => raw["pool-label"]).find((one) => one !== undefined);
    return typeof label === "string" ? label : undefined;
  } catch (error) {
    // The fleet is worth more than its pools; where the server does not answer, the next look says so.
    if (error instanceof CommandRefused || isApiError(error)) return undefined;
    throw error;
  }
}
