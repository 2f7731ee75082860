/** P10, down is down: a node that was asked to reboot counts as down until its return is proved. */
import { at, text } from "../kubernetes/api/object.ts";
import { type Checker, graceMs, type Look } from "./checker.ts";
import { isHolder, isReady } from "./eyes.ts";

const promise = "down is down";
/** The last checks before a reboot are good for a minute: a slot that is taken away in that time does not stop the reboot. */
const exceptedMs = 75_000;

/** A machine that was asked to reboot. */
interface Asked {
  bootID: string;
  since: number;
  byDaemon: boolean;
  /** A person has uncordoned the node since: then only the lock tells others of it. */
  isOpen: boolean;
  /** After a soft reboot its kubelet has not reported yet, and then not yet that it is Ready; the boot ID tells nothing. */
  isSoftlyUp?: "silent" | "reporting";
  softReboots: number;
}

/**
 * A machine that was asked to reboot counts as down until its node is Ready under another boot ID, whatever the lock says
 * meanwhile: that it was deleted, overwritten, or is another one.
 */
export function downIsDown({
  view,
  violate,
}: Pick<Look, "violate"> & { view: Pick<Look["view"], "now" | "machine"> }): Checker {
  const { now, machine } = view;
  const excepted = new Map<string, number>();
  const asked = new Map<string, Asked>();

  /** Whether its daemon knows, or had the time to see, that its machine goes down. */
  function isKnownToGoDown(node: string): boolean {
    const one = asked.get(node);
    if (one === undefined || !machine(node).isGoingDown) return false;
    return now() - one.since > (one.byDaemon ? 0 : graceMs);
  }

  return {
    onMachineEvent(event) {
      const { machine: node, type } = event;
      if (type === "going-down") {
        const since = now();
        const isOpen = since - (excepted.get(node) ?? Number.NEGATIVE_INFINITY) < exceptedMs;
        const { softReboots = 0 } = machine(node).boots.at(-1) ?? {};
        asked.set(node, {
          bootID: event.bootID,
          since,
          byDaemon: event.cause === "command",
          isOpen,
          softReboots,
        });
      }
      // Put back to a snapshot, or restarted without its kernel, it was never down.
      const one = asked.get(node);
      if (type !== "booted" || one?.bootID !== event.bootID) return;
      if (event.softReboots > one.softReboots) asked.set(node, { ...one, isSoftlyUp: "silent" });
      else asked.delete(node);
    },
    onNode({ name, object }) {
      const one = asked.get(name);
      const bootID = text(at(object, "status", "nodeInfo", "bootID"));
      if (one?.isSoftlyUp === "silent" && !isReady(object))
        asked.set(name, { ...one, isSoftlyUp: "reporting" });
      if (one?.isSoftlyUp === "reporting" && isReady(object)) asked.delete(name);
      if (one === undefined || bootID === one.bootID || bootID !== machine(name).boots.at(-1)?.bootID) return;
      if (isReady(object)) asked.delete(name);
    },
    onEntered({ writer, isReturn, after, slots }) {
      if (isReturn) return;
      const entries = after.map(({ nodeID }) => nodeID);
      const down = [...asked].filter(([, one]) => one.byDaemon && !one.isOpen).map(([node]) => node);
      const all = new Set([...entries, ...down]);
      // Where entries alone are too many another promise says so.
      if (all.size <= slots || all.size === new Set(entries).size) return;
      const entered = `${writer} has entered as one of ${entries.length}`;
      violate(promise, `${entered}, allowed are ${slots}, and down are ${down.join(", ")}`);
    },
    onUncordoned(name, by) {
      if (by === "daemon") {
        if (!isKnownToGoDown(name)) return;
        violate(promise, `${name} was uncordoned while its machine is going down`, name);
        return;
      }
      const one = asked.get(name);
      if (one !== undefined) asked.set(name, { ...one, isOpen: true });
    },
    onRemoved({ writer, entry }) {
      const { nodeID: name, concurrency } = entry;
      const isReleased = isHolder(entry) && name === writer && concurrency !== undefined;
      if (!isReleased || !isKnownToGoDown(name)) return;
      violate(promise, `the slot of ${name} was released while its machine is going down`, name);
    },
    onExcepted(name) {
      asked.delete(name);
      excepted.set(name, now());
    },
  };
}
