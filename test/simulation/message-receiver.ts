import type { HttpSend } from "../../daemon/http/send.ts";
import type { Clock } from "../../daemon/time/clock.ts";

/** A message as it has arrived at a Gotify server. */
export interface Arrived {
  at: number;
  /** The token of the destination. */
  to: string;
  title: string;
  text: string;
}

/** How the receiver treats what comes: a status, or no answer at all. */
export type Treatment = number | "hangs";

/** A receiver of messages in the simulation's time, which takes them until it is told otherwise. */
export interface MessageReceiver {
  readonly arrived: readonly Arrived[];
  /** Attempts that were not taken. */
  readonly refused: number;
  treat: (to: string) => Treatment;
  readonly receive: HttpSend;
  /** The URL of a destination there. */
  url(token?: string): string;
}

export function createMessageReceiver(now: () => Clock): MessageReceiver {
  const arrived: Arrived[] = [];
  const receiver: MessageReceiver & { refused: number } = {
    arrived,
    refused: 0,
    treat: () => 200,
    url: (token = "token1") => `gotify://push.example/${token}`,
    async receive({ headers, body = "{}" }, signal) {
      const to = String(headers["x-gotify-key"]);
      const treatment = receiver.treat(to);
      if (treatment === "hangs") {
        receiver.refused += 1;
        return await new Promise((_, reject) => {
          signal.addEventListener("abort", () => reject(signal.reason), { once: true });
        });
      }
      if (treatment >= 300) receiver.refused += 1;
      else {
        const { title, message } = JSON.parse(body) as { title: string; message: string };
        arrived.push({ at: now().wall(), to, title, text: message });
      }
      return { status: treatment, text: "", headers: {} };
    },
  };
  return receiver;
}
