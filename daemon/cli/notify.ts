import { Command } from "commander";
import type { Environment } from "../config/environment.ts";
import { parseTable } from "../config/option.ts";
import { type NotifySettings, notifyOptions, notifySettings } from "../config/options/notify.ts";
import { type AttemptPorts, attempt, failureText } from "../notify/attempt.ts";
import type { Destination } from "../notify/destination.ts";
import type { Message } from "../notify/message.ts";
import { ConfigError } from "../text/config-error.ts";
import { count } from "../text/count.ts";
import { oneLine } from "../text/one-line.ts";
import type { Clock } from "../time/clock.ts";
import { iso } from "../time/iso.ts";
import { CommandRefused } from "./admin.ts";
import { addEnvironmentHelp, addOptions, givenOptions } from "./options.ts";

export interface NotifyIo {
  environment: Environment;
  out: (text: string) => void;
  clock: Clock;
  /** Opens the destinations over the network of this machine. */
  openMessages: (settings: NotifySettings) => Promise<{
    destinations: (warn: (message: string) => void) => readonly Destination[];
    net: AttemptPorts["net"];
  }>;
}

/** `rebootd notify --test [URL...]`: shows whether messages arrive. */
export function notifyCommand(io: NotifyIo, signal: AbortSignal): Command {
  const command = new Command("notify")
    .description("Send a test message to the destinations of --notify-url, or to those that are named")
    .argument("[URL...]", "A destination")
    .option("--test", "Send the test message; nothing else can be sent by hand");
  addEnvironmentHelp(addOptions(command, notifyOptions), notifyOptions);
  return command.action(async (urls: string[], { test }: { test?: true }) => {
    if (test === undefined) throw new ConfigError("notify requires --test");
    const given = givenOptions(command, notifyOptions, io.environment);
    const named = urls.length === 0 ? given : { ...given, "notify-url": urls, "notify-url-file": "" };
    const settings = notifySettings(parseTable(notifyOptions, named));
    const { destinations, net } = await io.openMessages(settings);
    const all = destinations(() => {});
    if (all.length === 0) {
      throw new ConfigError("there is no destination; name one, or set --notify-url or --notify-url-file");
    }
    const message = testMessage(settings.clusterName, io.clock.wall());
    const results = await Promise.all(
      all.map((one) => resultOf(one, message, { net, clock: io.clock, signal })),
    );
    for (const { text } of results) io.out(`${text}\n`);
    const failed = results.filter(({ isSent }) => !isSent).length;
    if (failed > 0) throw new CommandRefused(`${count(failed, "test message")} did not arrive`);
  });
}

async function resultOf(destination: Destination, message: Message, ports: AttemptPorts) {
  const { name } = destination;
  try {
    await attempt(destination, message, undefined, ports);
    return { isSent: true, text: `${name}: the test message has arrived` };
  } catch (error) {
    return { isSent: false, text: oneLine(`${name}: failed: ${failureText(error, destination)}`) };
  }
}

/** Ends no incident: nothing else has its topic. */
function testMessage(cluster: string | undefined, now: number): Message {
  const at = iso(now);
  return {
    id: `test/${at}`,
    kind: "done",
    event: "Test",
    level: "info",
    node: "test",
    title: `${cluster === undefined ? "" : `${cluster}: `}a test message`,
    text: "rebootd can send messages here.",
    at,
    topic: `test ${at}`,
    wave: at.slice(0, 10),
    runbook: undefined,
  };
}
