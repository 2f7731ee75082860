import { Socket } from "node:net";
import dbus from "@homebridge/dbus-native";

/** A method call, as https://dbus.freedesktop.org/doc/dbus-specification.html names its parts. */
export interface BusCall {
  destination: string;
  path: string;
  interface: string;
  member: string;
  signature?: string;
  body?: readonly unknown[];
}

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

/** What is used of the library, which has no types for it. */
interface Library {
  createClient(options: { stream: Socket; authMethods: string[]; direct: true }): {
    invoke(
      call: object,
      done: (error: { name: string; message: string } | null, ...values: unknown[]) => void,
    ): void;
    connection: { on(event: "error", listener: (error: Error) => void): void };
  };
}

/** Opens a connection to the bus for this piece of work alone; it is closed whatever comes, also when the signal ends it. */
export async function withBus<T>(
  socket: string,
  signal: AbortSignal,
  work: (ask: Ask) => Promise<T>,
): Promise<T> {
  signal.throwIfAborted();
  const stream = guardedSocket();
  const lost = Promise.withResolvers<never>();
  lost.promise.catch(() => {});
  const onAbort = () => lost.reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  stream.on("close", () => lost.reject(new Error("the connection was closed")));
  stream.connect(socket);
  const bus = (dbus as unknown as Library).createClient({ stream, authMethods: ["EXTERNAL"], direct: true });
  bus.connection.on("error", lost.reject);

  const ask: Ask = (call) =>
    new Promise((resolve, reject) => {
      if (!stream.writable) return reject(new Error("the connection was closed"));
      bus.invoke({ ...call }, (error, ...values) =>
        error === null ? resolve(values) : reject(new BusRefusal(call, error)),
      );
    });
  try {
    await Promise.race([ask(hello), lost.promise]).catch((cause) => {
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

/** The library parses in listeners of the socket: what it throws there is to end this connection, and not the process. */
function guardedSocket(): Socket {
  const stream = new Socket();
  const emit = stream.emit.bind(stream) as (event: string | symbol, ...values: unknown[]) => boolean;
  stream.emit = (event: string | symbol, ...values: unknown[]) => {
    try {
      // What it says of its own end is let through.
      if (stream.bytesRead > answersMaxBytes && !stream.destroyed) {
        throw new Error(`answers of more than ${answersMaxBytes} bytes`);
      }
      return emit(event, ...values);
    } catch (error) {
      stream.destroy(error as Error);
      return false;
    }
  };
  return stream;
}
