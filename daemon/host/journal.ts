/**
 * The journal of the host, over the socket for streams of text, which has no page of its own in the manual:
 * https://github.com/systemd/systemd/blob/main/src/libsystemd/sd-journal/journal-send.c (sd_journal_stream_fd).
 * The native protocol needs datagrams on unix sockets, which Node does not have.
 */
import { once } from "node:events";
import { Socket } from "node:net";
import { oneLine } from "../text/one-line.ts";
import type { Clock } from "../time/clock.ts";
import { withDeadline } from "../time/deadline.ts";

export interface Journal {
  /**
   * Writes one line, from `rebootd` and with the priority notice. Resolves once the journal has accepted it, and
   * at once where the host shows no journal. Rejects after a second without an answer.
   */
  write(message: string, signal: AbortSignal): Promise<void>;
}

/** Below the host's /run. */
export const journalSocket = "systemd/journal/stdout";

/** The machine is to reboot, whether or not its journal hangs. */
const deadlineMs = 1000;

/** Syslog's number: worth a look, and no error. */
const notice = 5;

export function createJournal(socket: string, clock: Clock): Journal {
  return {
    async write(message, signal) {
      try {
        await withDeadline(clock, deadlineMs, signal, `writing to the journal at ${socket}`, (inner) =>
          send(socket, streamOf(message), inner),
        );
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        if (code !== "ENOENT" && code !== "ENOTDIR") throw error;
      }
    },
  };
}

/**
 * The identifier; the unit, which the journal finds out itself; the priority; then four flags that are off: the line has
 * no prefix with a priority, and does not go to syslog, the kernel's log or the console.
 */
function streamOf(message: string): string {
  return `${["rebootd", "", notice, 0, 0, 0, 0, oneLine(message)].join("\n")}\n`;
}

/** The journal ends its side when it accepts the connection. It reads the text then, also after this side has ended. */
async function send(socket: string, text: string, signal: AbortSignal): Promise<void> {
  const stream = new Socket({ signal });
  const closed = once(stream, "close");
  stream.resume();
  stream.connect(socket);
  stream.end(text);
  await closed;
}
