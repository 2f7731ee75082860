/**
 * Kubernetes objects in protobuf, translated from and to the JSON that everything else here speaks.
 * `protobuf-messages.txt` holds the field numbers of the published `generated.proto` files, a message on each line;
 * `...` is a struct whose fields stand among those of its owner.
 * https://kubernetes.io/docs/reference/using-api/api-concepts/#protobuf-encoding
 */
import { readFileSync } from "node:fs";
import { type Fields, fields, isFields, list, text } from "./object.ts";
import { NotProtobuf, readFields, writeBytes, writeInteger } from "./protobuf-wire.ts";

export { NotProtobuf } from "./protobuf-wire.ts";

/** What every object begins with on the wire. */
const magic = Buffer.from("k8s\0");

interface Field {
  number: number;
  name: string;
  /** The kind of one value: a letter for a scalar, or the name of a message. */
  of: string;
  many: "no" | "list" | "map";
}

const messages = new Map<string, Field[]>(
  readFileSync(new URL("protobuf-messages.txt", import.meta.url), "utf8")
    .split("\n")
    .filter(Boolean)
    .map((line) => {
      const [name = "", rest = ""] = line.split(": ");
      return [name, rest.split(", ").filter(Boolean).map(parseField)];
    }),
);

function parseField(words: string): Field {
  const [number = "", name = "", type = ""] = words.split(" ");
  const many = type.startsWith("[") ? "list" : type.startsWith("{") ? "map" : "no";
  return { number: Number(number), name, of: type.replace(/[[\]{}]/g, ""), many };
}

/** The fields of every message, for tests. */
export const messageFields: ReadonlyMap<string, readonly { name: string }[]> = messages;

/** Reads an object; of a kind that is not in the table only what it is. Throws NotProtobuf. */
export function fromProtobuf(bytes: Buffer): Fields {
  if (!bytes.subarray(0, magic.length).equals(magic)) {
    throw new NotProtobuf(
      "provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]",
    );
  }
  const unknown = readMessage("Unknown", bytes.subarray(magic.length));
  const head = fields(unknown["typeMeta"]);
  const kind = { kind: head["kind"], apiVersion: head["apiVersion"] };
  const message = nameOf(kind);
  if (message === undefined) return kind;
  const raw = Buffer.from(text(unknown["raw"]), "base64");
  return { ...kind, ...readMessage(message, raw) };
}

/** Writes an object; undefined for a kind that is not in the table. */
export function toProtobuf(object: Fields): Buffer | undefined {
  const message = nameOf(object);
  if (message === undefined) return undefined;
  const { kind, apiVersion } = object;
  const raw = writeMessage(message, object).toString("base64");
  return Buffer.concat([magic, writeMessage("Unknown", { typeMeta: { kind, apiVersion }, raw })]);
}

/** An event of a watch, with the length that stands before it. */
export function eventToProtobuf({ type, object }: { type: string; object: Fields }): Buffer {
  const raw = (toProtobuf(object) ?? Buffer.alloc(0)).toString("base64");
  const event = writeMessage("WatchEvent", { type, object: { raw } });
  const length = Buffer.alloc(4);
  length.writeUInt32BE(event.length);
  return Buffer.concat([length, event]);
}

function nameOf({ kind, apiVersion }: Fields): string | undefined {
  const name = `${apiVersion}/${kind}`;
  if (messages.has(name)) return name;
  // The kinds that all groups share are sent under the version of the group they concern.
  const shared = `meta.k8s.io/v1/${kind}`;
  return messages.has(shared) ? shared : undefined;
}

function fieldsOf(message: string): Field[] {
  const found = messages.get(message);
  if (!found) throw new Error(`no message ${message} in the table`);
  return found;
}

function readMessage(message: string, bytes: Buffer): Fields {
  const known = new Map(fieldsOf(message).map((field) => [field.number, field]));
  const read: Fields = {};
  for (const { number, value } of readFields(bytes)) {
    const field = known.get(number);
    if (!field) continue;
    const { name, of, many } = field;
    if (name === "...") {
      Object.assign(read, readValue(of, value));
    } else if (many === "list") {
      read[name] = [...list(read[name]), readValue(of, value)];
    } else if (many === "map") {
      const entry = readFields(value as Buffer);
      const part = (wanted: number) => entry.find((each) => each.number === wanted)?.value ?? Buffer.alloc(0);
      read[name] = { ...fields(read[name]), [part(1).toString()]: readValue(of, part(2)) };
    } else {
      read[name] = readValue(of, value);
    }
  }
  return read;
}

function readValue(of: string, value: number | Buffer): unknown {
  if (typeof value === "number") return of === "b" ? value !== 0 : value;
  switch (of) {
    case "s":
      return value.toString();
    case "y":
      return value.toString("base64");
    case "time":
    case "microtime":
      return readTime(of, value);
    default: {
      const read = readMessage(of, value);
      if (of === "quantity") return text(read["string"]);
      if (of === "list") return list(read["items"]);
      if (of === "intstr") return read["type"] === 1 ? text(read["strVal"]) : (read["intVal"] ?? 0);
      return read;
    }
  }
}

/** A time of zero is sent as an empty message. */
function readTime(of: string, value: Buffer): string | null {
  if (value.length === 0) return null;
  const { seconds = 0, nanos = 0 } = readMessage("Timestamp", value) as Record<string, number>;
  const whole = new Date(seconds * 1000).toISOString().slice(0, 19);
  return of === "time" ? `${whole}Z` : `${whole}.${String(Math.floor(nanos / 1000)).padStart(6, "0")}Z`;
}

function writeMessage(message: string, object: Fields): Buffer {
  const parts = fieldsOf(message).flatMap(({ number, name, of, many }): Buffer[] => {
    if (name === "...") return [writeValue(number, of, object)];
    const value = object[name];
    if (value === undefined || value === null) return [];
    if (many === "list") return list(value).map((item) => writeValue(number, of, item));
    if (many === "no") return [writeValue(number, of, value)];
    return Object.entries(fields(value)).map(([key, item]) =>
      writeBytes(number, Buffer.concat([writeValue(1, "s", key), writeValue(2, of, item)])),
    );
  });
  return Buffer.concat(parts);
}

function writeValue(number: number, of: string, value: unknown): Buffer {
  switch (of) {
    case "s":
      return writeBytes(number, Buffer.from(text(value)));
    case "y":
      return writeBytes(number, Buffer.from(text(value), "base64"));
    case "b":
      return writeInteger(number, value ? 1 : 0);
    case "i":
      return writeInteger(number, value as number);
    case "time":
    case "microtime":
      return writeBytes(number, writeMessage("Timestamp", timeOf(text(value))));
    case "quantity":
      return writeBytes(number, writeMessage(of, { string: value }));
    case "list":
      return writeBytes(number, writeMessage(of, { items: value }));
    case "intstr":
      return writeBytes(number, writeMessage(of, intOrString(value)));
    default:
      return writeBytes(number, writeMessage(of, isFields(value) ? value : {}));
  }
}

const intOrString = (value: unknown) =>
  typeof value === "string" ? { type: 1, intVal: 0, strVal: value } : { type: 0, intVal: value, strVal: "" };

function timeOf(written: string): Fields {
  const micros = /\.(\d{6})/.exec(written)?.[1] ?? "0";
  return { seconds: Math.floor(Date.parse(written) / 1000), nanos: Number(micros) * 1000 };
}
