import { randomBytes } from "node:crypto";
import type { Access } from "../cli/access.ts";
import { CommandRefused } from "../cli/admin.ts";
import type { Fleet } from "../cli/fleet.ts";
import { readInstalled } from "../cli/installed.ts";
import type { Text } from "../cli/terminal.ts";
import { watchFleet } from "../cli/watch-fleet.ts";
import { isApiError } from "../cluster/api.ts";
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
 * Serves the page until the signal ends it. Rejects if the port is taken, or if the first look at the cluster fails.
 */
export async function serveUi(
  access: Access,
  options: UiOptions,
  io: UiIo,
  signal: AbortSignal,
): Promise<void> {
  const serving = linked(signal);
  try {
    const streams = createStreams(access.clock);
    const watching = followFleet(access, options, streams, serving.signal);
    const sources: Sources = {
      page: await readPage(),
      streams,
      node: (name, inner) => readNodeDetail(access, name, inner),
      ...createForecasts(access),
      ...(options.canChange && { change: (name, body, inner) => change(access, name, body, inner) }),
    };
    const token = secret();
    const ticket = secret();
    const { port } = await servePage(
      {
        ...{ port: options.port, token, ticket, sources, clock: access.clock },
        onFault: (error) => io.err(`rebootd: ${String(error)}\n`),
      },
      serving.signal,
    );
    const address = `http://127.0.0.1:${port}/`;
    io.out(
      `${address}${token}/\n${options.canChange ? "" : "read-only; see --allow-changes\n"}Ctrl-C ends it\n`,
    );
    options.openBrowser?.(`${address}open/${ticket}`);
    await Promise.all([watching, streams.run(serving.signal)]);
  } finally {
    serving.end();
  }
}

/** Ages in texts grow, also where nothing happens. */
const refreshMs = 10_000;

/** Publishes the fleet with each change of it, and now and then. Rejects if the first look fails. */
async function followFleet(
  access: Access,
  { cluster, canChange }: UiOptions,
  streams: Streams,
  signal: AbortSignal,
): Promise<void> {
  const { clock } = access;
  const shown = { cluster, canChange, poolLabel: await poolLabelOf(access, signal) };
  let fleet: Fleet | undefined;
  let last: Snapshot | undefined;
  const publish = () => {
    if (fleet === undefined) return;
    last = snapshotOf(fleet, shown, clock.wall(), last);
    streams.publish(last);
  };
  const onChange = (seen: Fleet) => {
    fleet = seen;
    publish();
  };
  const refresh = async () => {
    while (!signal.aborted) {
      await clock.sleep(refreshMs, signal).catch(() => {});
      if (!signal.aborted) publish();
    }
  };
  const viewer = { onChange, onTrouble: streams.publishTrouble };
  await Promise.all([watchFleet(access, viewer, signal), refresh()]);
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
