/** Between the bytes of HTTP and the JSON that the server speaks: bodies and answers in protobuf. */
import type { Answer } from "./answer.ts";
import { type Fields, fields } from "./object.ts";
import { eventToProtobuf, fromProtobuf, NotProtobuf, toProtobuf } from "./protobuf.ts";

const protobuf = "application/vnd.kubernetes.protobuf";

type Headers = Record<string, string>;

/** What goes over the wire. */
export interface WireAnswer {
  status: number;
  headers: Headers;
  body: string | Buffer | AsyncIterable<string | Buffer>;
}

/** The body as JSON, and headers that say so. What cannot be read stays as it is, for the server to refuse. */
export function readBody(bytes: Buffer, headers: Headers): { body: string; headers: Headers } {
  const body = bytes.toString();
  if (typeOf(headers["content-type"]) !== protobuf) return { body, headers };
  const asJson = { ...headers, "content-type": "application/json" };
  try {
    return { body: bytes.length === 0 ? "" : JSON.stringify(fromProtobuf(bytes)), headers: asJson };
  } catch (error) {
    if (error instanceof NotProtobuf) return { body, headers: asJson };
    throw error;
  }
}

/** Whether the client takes protobuf alone; whoever takes JSON as well gets JSON. */
export function takesOnlyProtobuf({ accept = "" }: Headers): boolean {
  return (
    accept !== "" &&
    !/;\s*as=Table/.test(accept) &&
    accept.split(",").every((entry) => typeOf(entry) === protobuf)
  );
}

/** The same wish for a form of the object, in JSON. */
export const acceptingJson = (headers: Headers): Headers => ({
  ...headers,
  accept: (headers["accept"] ?? "").replaceAll(protobuf, "application/json"),
});

export function answerInProtobuf({ status, headers, body }: Answer): WireAnswer {
  if (headers["content-type"] !== "application/json") return { status, headers, body };
  if (typeof body !== "string") {
    return {
      status,
      headers: { ...headers, "content-type": `${protobuf};stream=watch` },
      body: events(body),
    };
  }
  const bytes = toProtobuf(fields(JSON.parse(body)));
  return bytes
    ? { status, headers: { ...headers, "content-type": protobuf }, body: bytes }
    : { status, headers, body };
}

async function* events(chunks: AsyncIterable<string>): AsyncIterable<Buffer> {
  // A chunk holds whole lines.
  for await (const chunk of chunks) {
    const lines = chunk.split("\n").filter(Boolean);
    yield Buffer.concat(
      lines.map((line) => eventToProtobuf(JSON.parse(line) as { type: string; object: Fields })),
    );
  }
}

function typeOf(entry = ""): string {
  return entry.split(";")[0]?.trim() ?? "";
}
