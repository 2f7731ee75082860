import { Socket } from "node:net";
import { getuid } from "node:process";
import type * as z from "zod/mini";
import { shortLine } from "../../text/one-line.ts";
import {
  type BusCall,
  type BusMessage,
  decodeMessage,
  encodeCall,
  headBytes,
  messageSize,
} from "./bus-message.ts";

/** Resolves with the values of the answer. Rejects with a {@link BusRefusal} if the answer is an error. */
export type Ask = (call: BusCall) => Promise<unknown[]>;

/**
 * No call was sent. `no-bus`: the socket does not exist; `bus-unreachable`: the connection or the
 * authentication failed.
 */
export class BusUnreachable extends Error {
  override readonly name = "BusUnreachable";
  readonly code: "no-bus" | "bus-unreachable";
  constructor(socket: string, cause: Error) {
    const isAbsent = ["ENOENT", "ENOTDIR"].includes((cause as NodeJS.ErrnoException).code ?? "");
    super(isAbsent ? `no D-Bus socket at ${socket}` : `D-Bus at ${socket}: ${cause.message}`, { cause });
    this.code = isAbsent ? "no-bus" : "bus-unreachable";
  }
}

/** The called service answered with an error. */
export class BusRefusal extends Error {
  override readonly name = "BusRefusal";
  readonly code: string;
  constructor(call: BusCall, { name, message }: { name: string; message: string }) {
    super(`${call.member}: ${name}: ${message}`);
    this.code = name;
  }
}

/** The limit for all answers of one connection; it allows thousands of inhibitors. */
const answersMaxBytes = 512 * 1024;

const greetingMaxBytes = 1000;

/** Types of a message. */
const [returned, refused] = [2, 3];

/** Opens a connection to the bus for this work, and closes it afterwards, also after an error or an abort. */
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
      if (!line.startsWith("OK ")) throw new Error(`it rejects the authentication: ${shortLine(line)}`);
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
  /** Called with the only line before the messages. */
  onGreeting(line: string): void;
  onMessage(message: BusMessage): void;
}

/**
 * Takes the received bytes, in chunks of any length. Throws if there are too many, or if they are not D-Bus.
 */
function createInbox({ onGreeting, onMessage }: Readers): (chunk: Buffer) => void {
  let chunks: Buffer[] = [];
  let length = 0;
  let received = 0;
  let isGreeted = false;
  /** The number of bytes for the next step. Chunks are joined only then, at most twice for a message. */
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

  /** Returns the remaining bytes. */
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

/** Resolves with the values of the answer in this form; rejects for an answer in another one. */
export async function askFor<T>(ask: Ask, call: BusCall, form: z.ZodMiniType<T>): Promise<T> {
  return parseAnswer(form, await ask(call), call);
}

export function parseAnswer<T>(form: z.ZodMiniType<T>, value: unknown, { member }: BusCall): T {
  const parsed = form.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new Error(`the answer to ${member} has an unknown form`, { cause: parsed.error });
}
