import { at, type KubeObject, text } from "../../kubernetes/api/object.ts";
import type { Machine, MachineEvent } from "../../kubernetes/machines/machine.ts";
import { isReady } from "./eyes.ts";

export interface DownWorld {
  now: () => number;
  machine: (node: string) => Machine;
  violate: (promise: string, message: string) => void;
}

/** What somebody else on the machine has begun is seen at the next look, as all else that happens behind a daemon's back. */
const graceMs = 45_000;
const promise = "down is down";
/** What its last checks have shown is good for a minute: a slot that is taken away in that does not stop the reboot. */
const exceptMs = 75_000;

/**
 * A machine that was asked to reboot counts as down until its node is Ready under another boot ID, whatever the lock says
 * meanwhile: that it was deleted, overwritten, or is another one.
 */
export function watchDown({ now, machine, violate }: DownWorld) {
  const excepted = new Map<string, number>();
  const asked = new Map<string, { bootID: string; since: number; byDaemon: boolean; isOpen?: boolean }>();

  /** Whether its daemon knows, or had the time to see, that its machine goes down. */
  function isKnownToGoDown(node: string): boolean {
    const one = asked.get(node);
    if (one === undefined || !machine(node).isGoingDown) return false;
    return now() - one.since > (one.byDaemon ? 0 : graceMs);
  }

  return {
    onMachineEvent(event: MachineEvent): void {
      const { machine: node, type } = event;
      if (type === "going-down") {
        const since = now();
        const isOpen = since - (excepted.get(node) ?? Number.NEGATIVE_INFINITY) < exceptMs;
        asked.set(node, { bootID: event.bootID, since, byDaemon: event.cause === "command", isOpen });
      }
      // Put back to a snapshot, or restarted without its kernel, it was never down.
      if (type === "booted" && asked.get(node)?.bootID === event.bootID) asked.delete(node);
    },
    onNode(node: string, stored: KubeObject): void {
      const one = asked.get(node);
      const bootID = text(at(stored, "status", "nodeInfo", "bootID"));
      if (one === undefined || bootID === one.bootID || bootID !== machine(node).boots.at(-1)?.bootID) return;
      if (isReady(stored)) asked.delete(node);
    },
    /** `entries`: of the lock, with the one who has just entered. */
    onEntered(writer: string, entries: readonly string[], most: number): void {
      const down = [...asked].filter(([, one]) => one.byDaemon && one.isOpen !== true).map(([node]) => node);
      const all = new Set([...entries, ...down]);
      // Where entries alone are too many another promise says so.
      if (all.size <= most || all.size === new Set(entries).size) return;
      const names = down.join(", ");
      violate(
        promise,
        `${writer} has entered as one of ${entries.length}, allowed are ${most}, and down are ${names}`,
      );
    },
    onUncordoned(node: string): void {
      if (isKnownToGoDown(node)) violate(promise, `${node} was uncordoned while its machine is going down`);
    },
    /** A person has uncordoned it: from then on nothing but the lock tells others of it. */
    onOpened(node: string): void {
      const one = asked.get(node);
      if (one !== undefined) asked.set(node, { ...one, isOpen: true });
    },
    onReleased(node: string): void {
      if (isKnownToGoDown(node))
        violate(promise, `the slot of ${node} was released while its machine is going down`);
    },
    /**
     * Nobody can know any more that it is down: a person has taken its slot away on purpose, or a restore has taken what
     * its Node said of it.
     */
    except(node: string): void {
      asked.delete(node);
      excepted.set(node, now());
    },
  };
}
