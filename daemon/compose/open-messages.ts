import type { Environment } from "../config/environment.ts";
import type { NotifySettings } from "../config/options/notify.ts";
import { createSend } from "../http/send.ts";
import { parseDestinations } from "../notify/destination.ts";
import { createSendEmail } from "../notify/nodemailer.ts";
import { linesOf, openDestinations } from "../notify/source.ts";
import { proxyTo } from "../prometheus/access.ts";
import { parseOptionFile, type ReadText } from "../text/option-file.ts";
import type { Clock } from "../time/clock.ts";
import type { MessagePorts } from "./messenger.ts";

/** The world of the process, as far as messages need it. */
export interface MessageWorld {
  environment: Environment;
  clock: Clock;
  readText: ReadText;
}

/** The destinations of the settings over the real network. Rejects with a ConfigError for a file that is invalid. */
export async function openMessages(
  { urls, urlFile }: Pick<NotifySettings, "urls" | "urlFile">,
  { environment, clock, readText }: MessageWorld,
): Promise<MessagePorts> {
  const readFile = (file: string) => parseOptionFile("notify-url-file", file, validLines, readText);
  const destinations = await openDestinations({
    urls,
    readMore: urlFile === undefined ? undefined : () => readFile(urlFile),
    clock,
  });
  // Any address shows whether the variables of proxies are valid.
  const proxy = proxyTo(
    destinations(() => {}).length > 0 ? ["http://localhost", "https://localhost"] : [],
    environment,
  );
  const send = createSend((server) => ({ proxy: proxy(server), caPem: undefined }));
  return { destinations, net: { send, email: createSendEmail() } };
}

function validLines(text: string): readonly string[] {
  const urls = linesOf(text);
  parseDestinations(urls);
  return urls;
}
