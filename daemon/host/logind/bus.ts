import { Socket } from "node:net";
import { getuid } from "node:process";
import { shortLine } from "../../text/one-line.ts";
import {
  type BusCall,
  type BusMessage,
  decodeMessage,
  encodeCall,
  headBytes,
  messageSize,
} from "./bus-message.ts";

/** Resolves with the values of the answer; rejects with a {@link BusRefusal} where the answer is an error. */
export type Ask = (call: BusCall) => Promise<unknown[]>;

/** Nobody was asked anything. `no-bus`: there is no such socket; `bus-unreachable`: what is there does not let us in. */
export class BusUnreachable extends Error {
  override readonly name = "BusUnreachable";
  readonly code: "no-bus" | "bus-unreachable";
  constructor(socket: string, cause: Error) {
    const isAbsent = ["ENOENT", "ENOTDIR"].includes((cause as NodeJS.ErrnoException).code ?? "");
    super(isAbsent ? `no D-Bus socket at ${socket}` : `D-Bus at ${socket}: ${cause.message}`, { cause });
    this.code = isAbsent ? "no-bus" : "bus-unreachable";
  }
}

/** Whoever was asked said no. */
export class BusRefusal extends Error {
  override readonly name = "BusRefusal";
  readonly code: string;
  constructor(call: BusCall, { name, message }: { name: string; message: string }) {
    super(`${call.member}: ${name}: ${message}`);
    this.code = name;
  }
}

/** All that may come in answer to one piece of work: thousands of inhibitors. */
const answersMaxBytes = 512 * 1024;

const greetingMaxBytes = 1000;

/** Of a message. */
const [returned, refused] = [2, 3];

/** Opens a connection to the bus for this piece of work alone; it is closed whatever comes, also when the signal ends it. */
export async function withBus<T>(
  socket: string,
  signal: AbortSignal,
  work: (ask: Ask) => Promise<T>,
): Promise<T> {
  signal.throwIfAborted();
  const stream = new Socket();
  const lost = Promise.withResolvers<never>();
  lost.promise.catch(() => {});
  const onAbort = () => lost.reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  stream.on("error", lost.reject);
  stream.on("close", () => lost.reject(new Error("the connection was closed")));

  const greeted = Promise.withResolvers<void>();
  const asked = new Map<number, (message: BusMessage) => void>();
  const inbox = createInbox({
    onGreeting(line) {
      // https://dbus.freedesktop.org/doc/dbus-specification.html#auth-protocol
      if (!line.startsWith("OK ")) throw new Error(`it does not let us in: ${shortLine(line)}`);
      stream.write("BEGIN\r\n");
      greeted.resolve();
    },
    onMessage: (message) => asked.get(message.replySerial ?? 0)?.(message),
  });
  stream.on("data", (chunk) => {
    try {
      inbox(chunk);
    } catch (error) {
      stream.destroy(error as Error);
    }
  });
  stream.connect(socket);
  stream.write(`\0AUTH EXTERNAL ${Buffer.from(String(getuid?.() ?? 0)).toString("hex")}\r\n`);

  let serial = 0;
  const ask: Ask = (call) =>
    new Promise((resolve, reject) => {
      if (!stream.writable) return reject(new Error("the connection was closed"));
      serial += 1;
      asked.set(serial, ({ type, errorName = "", body }) => {
        if (type === returned) resolve(body);
        if (type === refused)
          reject(new BusRefusal(call, { name: errorName, message: String(body[0] ?? "") }));
      });
      stream.write(encodeCall(call, serial));
    });
  try {
    await Promise.race([greeted.promise.then(() => ask(hello)), lost.promise]).catch((cause) => {
      signal.throwIfAborted();
      throw new BusUnreachable(socket, cause);
    });
    return await Promise.race([work(ask), lost.promise]);
  } finally {
    signal.removeEventListener("abort", onAbort);
    stream.destroy();
  }
}

/** https://dbus.freedesktop.org/doc/dbus-specification.html#bus-messages-hello */
const hello: BusCall = {
  destination: "org.freedesktop.DBus",
  path: "/org/freedesktop/DBus",
  interface: "org.freedesktop.DBus",
  member: "Hello",
};

interface Readers {
  /** The only line before the messages. */
  onGreeting(line: string): void;
  onMessage(message: BusMessage): void;
}

/** Takes what arrives, in pieces of any length. Throws where that is too much, or is not what a bus says. */
function createInbox({ onGreeting, onMessage }: Readers): (chunk: Buffer) => void {
  let chunks: Buffer[] = [];
  let length = 0;
  let received = 0;
  let isGreeted = false;
  /** With fewer bytes there is nothing to be done, so that pieces are put together twice for a message at most. */
  let needed = 0;

  return (chunk) => {
    received += chunk.length;
    if (received > answersMaxBytes) throw new Error(`answers of more than ${answersMaxBytes} bytes`);
    chunks.push(chunk);
    length += chunk.length;
    if (length < needed) return;
    const rest = takeFrom(Buffer.concat(chunks));
    chunks = [rest];
    length = rest.length;
  };

  /** What is left of them. */
  function takeFrom(bytes: Buffer): Buffer {
    let rest = isGreeted ? bytes : greetingFrom(bytes);
    for (;;) {
      needed = isGreeted ? headBytes : 0;
      if (!isGreeted || rest.length < needed) return rest;
      needed = messageSize(rest);
      if (needed > answersMaxBytes) throw new Error(`answers of more than ${answersMaxBytes} bytes`);
      if (rest.length < needed) return rest;
      onMessage(decodeMessage(rest.subarray(0, needed)));
      rest = rest.subarray(needed);
    }
  }

  function greetingFrom(bytes: Buffer): Buffer {
    const end = bytes.indexOf("\n");
    if ((end < 0 ? bytes.length : end) > greetingMaxBytes) {
      throw new Error(`a greeting of more than ${greetingMaxBytes} bytes`);
    }
    if (end < 0) return bytes;
    isGreeted = true;
    onGreeting(bytes.toString("latin1", 0, end));
    return bytes.subarray(end + 1);
  }
}
