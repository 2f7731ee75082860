import type { RawOptions } from "../../../daemon/config/settings.ts";
import type { HttpSend } from "../../../daemon/http/send.ts";
import type { KubeObject } from "../../kubernetes/api/object.ts";
import type { MachineEvent } from "../../kubernetes/machines/machine.ts";
import type { Violation } from "../../promises/checker.ts";
import { daemonIn, recordIn } from "../../promises/eyes.ts";
import { seeded } from "../seeded.ts";
import type { SmallWorld } from "../small-world.ts";

/** The destinations of messages in storms: one gets all of them, the other one those about failures. */
export const messageOptions = {
  "notify-url": [
    "generic+https://all.example/hook?template=cloudevents",
    "generic+https://failures.example/hook?template=cloudevents&rebootd.on=failed",
  ],
} as const satisfies RawOptions;

/** Which storms have messages: chance of its own, so that it changes nothing else about a storm. */
export function hasMessages(seed: number): boolean {
  return seeded(seed + 0x20000000)() < 0.3;
}

/** Takes the messages of a storm, or does not, and checks that each arrives, and once. */
export interface Mailboxes {
  receive: HttpSend;
  onMachineEvent(event: MachineEvent): void;
  /** Starts to look at what the nodes are to send. */
  follow(world: SmallWorld): void;
  /** From now on every message is taken. */
  calm(): void;
  /** Messages about failures that have not arrived. */
  problems(): string[];
}

/** A failure as the Node has shown it, and the daemon that was to tell of it. */
interface Failure {
  id: string;
  node: string;
}

const boxes = ["all.example", "failures.example"];

export function createMailboxes(seed: number, onViolation: (violation: Violation) => void): Mailboxes {
  const random = seeded(seed + 0x60000000);
  /** Times of the arrivals of a message at a box. */
  const arrivals = new Map<string, number>();
  const failures: Failure[] = [];
  /** How often daemons have ended since, by node. */
  const ends = new Map<string, number>();
  const endsAt = new Map<string, number>();
  let isCalm = false;

  /** A box is of one mind for a while: what refuses one message mostly refuses the next. */
  let mood: "takes" | "fails" | "is busy" | "hangs" = "takes";
  const treat = () => {
    if (isCalm) return "takes";
    if (random() < 0.3)
      mood = (["takes", "fails", "is busy", "hangs"] as const)[Math.floor(random() * 4)] ?? mood;
    return mood;
  };

  function take(box: string, id: string): void {
    const key = `${box} ${id}`;
    const [node = ""] = id.split("/");
    const ended = ends.get(node) ?? 0;
    const isTwice = arrivals.has(key) && endsAt.get(key) === ended;
    if (isTwice) onViolation({ promise: "each message arrives once", message: `${id} is at ${box} twice` });
    arrivals.set(key, (arrivals.get(key) ?? 0) + 1);
    endsAt.set(key, ended);
  }

  return {
    async receive({ url, body = "{}" }, signal) {
      const treatment = treat();
      if (treatment === "hangs") {
        return await new Promise((_, reject) => {
          signal.addEventListener("abort", () => reject(signal.reason), { once: true });
        });
      }
      if (treatment === "fails") return { status: 500, text: "", headers: {} };
      if (treatment === "is busy") return { status: 429, text: "", headers: { "retry-after": "20" } };
      take(new URL(url).host, String((JSON.parse(body) as { id: unknown }).id));
      return { status: 204, text: "", headers: {} };
    },
    onMachineEvent({ machine, type }) {
      if (type === "daemon-ended") ends.set(machine, (ends.get(machine) ?? 0) + 1);
    },
    follow(world) {
      world.server.onChange("nodes", ({ type, object, previous }, user) => {
        const { name } = object.metadata;
        if (daemonIn(user) !== undefined && type !== "DELETED") {
          const id = failureIn(object, previous);
          if (id !== undefined) failures.push({ id, node: name });
          return;
        }
        // With a record that somebody else takes away or replaces goes what is to be sent.
        const isOwnRecord = type !== "DELETED" && recordTextOf(object) === recordTextOf(previous);
        if (!isOwnRecord) for (const one of failures.filter(({ node }) => node === name)) drop(one);
      });
    },
    calm() {
      isCalm = true;
    },
    problems: () =>
      failures.flatMap(({ id }) =>
        boxes.filter((box) => !arrivals.has(`${box} ${id}`)).map((box) => `${id} has not arrived at ${box}`),
      ),
  };

  function drop(one: Failure): void {
    failures.splice(failures.indexOf(one), 1);
  }
}

const recordTextOf = (node: KubeObject | undefined) => node?.metadata.annotations?.["rebootd.dev/cycle"];

/** The ID of the message about a failure, where a change of the record is one. */
function failureIn(object: KubeObject, previous: KubeObject | undefined): string | undefined {
  const [before, after] = [recordIn(previous), recordIn(object)];
  if (before.phase === after.phase) return undefined;
  const outcome = after.outcome as { during?: string } | undefined;
  const named = (event: string) => `${object.metadata.name}/${event}/${after.since}`;
  if (after.phase === "Restoring" && outcome?.during === "drain") return named("DrainFailed");
  if (after.phase !== "Failed") return undefined;
  const isKnown = outcome?.during === "drain" && (after.reasons ?? []).length === 0;
  return isKnown ? undefined : named("CycleFailed");
}
