import { once } from "node:events";
import { createRequire } from "node:module";
import { createServer, type Socket } from "node:net";

/** A message of a client, as the library reads it. */
export interface Call {
  serial: number;
  member: string;
  path: string;
  interface: string;
  destination: string;
  body?: unknown[];
}

/** What a call is answered: values, an error, these very bytes, a connection that is closed, or nothing. */
export type Answer =
  | { signature: string; body: unknown[] }
  | { error: string; text?: string }
  | { bytes: Buffer }
  | "hang up"
  | "silence";

export interface FakeBus {
  /** Members that were called, with what was passed: `Reboot(false)`. */
  readonly calls: string[];
  /** Connections that are open now. */
  connections(): Promise<number>;
  close(): Promise<void>;
}

interface Protocol {
  unmarshalMessages(stream: Socket, onMessage: (call: Call) => void): void;
  marshall(message: object): Buffer;
}
const protocol = createRequire(import.meta.url)("@homebridge/dbus-native/lib/message.js") as Protocol;

export interface FakeBusOptions {
  socket: string;
  answer: (call: Call) => Answer;
  /** What the client's request to be let in is answered. */
  greeting?: string;
  /** Hears of each, also of those that the bus itself answers. */
  onCall?: (call: Call) => void;
}

/** A peer that speaks D-Bus on a socket: what a bus and a service behind it would say together. */
export async function startFakeBus({ socket, answer, greeting, onCall }: FakeBusOptions): Promise<FakeBus> {
  const calls: string[] = [];
  const open = new Set<Socket>();
  const server = createServer((stream) => {
    open.add(stream);
    stream.on("close", () => open.delete(stream));
    stream.on("error", () => {});
    void converse(stream);
  });

  async function converse(stream: Socket): Promise<void> {
    await line(stream);
    stream.write(greeting ?? "OK 0123456789abcdef0123456789abcdef\r\n");
    await line(stream);
    protocol.unmarshalMessages(stream, (call) => {
      onCall?.(call);
      const given = call.member === "Hello" ? { signature: "s", body: [":1.7"] } : undefined;
      if (given === undefined) calls.push(`${call.member}(${(call.body ?? []).join(", ")})`);
      reply(stream, call, given ?? answer(call));
    });
  }

  server.listen(socket);
  await once(server, "listening");
  return {
    calls,
    connections: async () => {
      // A connection that the other side has closed is seen as such in a later turn.
      for (let turn = 0; turn < 50 && open.size > 0; turn += 1) await new Promise(setImmediate);
      return open.size;
    },
    close: async () => {
      for (const stream of open) stream.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

function reply(stream: Socket, { serial }: Call, answer: Answer): void {
  if (answer === "silence") return;
  if (answer === "hang up") return void stream.destroy();
  if ("bytes" in answer) return void stream.write(answer.bytes);
  const head = { serial: 1, replySerial: serial, sender: "org.freedesktop.login1" };
  const message =
    "error" in answer
      ? { ...head, type: 3, errorName: answer.error, signature: "s", body: [answer.text ?? ""] }
      : { ...head, type: 2, ...(answer.signature && answer) };
  stream.write(protocol.marshall(message));
}

async function line(stream: Socket): Promise<void> {
  for (;;) {
    const byte = stream.read(1) as Buffer | null;
    if (byte === null) await once(stream, "readable");
    else if (byte[0] === 0x0a) return;
  }
}
