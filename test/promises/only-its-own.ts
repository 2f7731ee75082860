/** P8, least privilege: a daemon changes its own Node and its own entry in the lock, and of both only what is its own. */
import type { KubeObject } from "../kubernetes/api/object.ts";
import type { Checker, Look } from "./checker.ts";
import { type Entry, isHolder, isMark, lockIn } from "./eyes.ts";

export function writesNoOtherNode({ violate }: Pick<Look, "violate">): Checker {
  return {
    onNode({ name, writer }) {
      if (writer === undefined || writer === name) return;
      violate("a daemon writes no other Node", `${writer} has changed the Node ${name}`, name);
    },
  };
}

export function protectedLabelsStay({ violate }: Pick<Look, "violate">): Checker {
  return {
    onNode({ name, writer, object, previous }) {
      const [before, after] = [labelsIn(previous), labelsIn(object)];
      if (writer === undefined || before === after) return;
      violate("labels that Kubernetes protects stay", `${name} had ${before}, and has ${after}`, name);
    },
  };
}

/** Those that say where a node is, and what it is. */
function labelsIn(node: KubeObject | undefined): string {
  const labels = Object.entries(node?.metadata.labels ?? {});
  return JSON.stringify(labels.filter(([key]) => key.includes("kubernetes.io/") && !isMark(key)).toSorted());
}

export function entersItselfAlone({ violate }: Pick<Look, "violate">): Checker {
  return {
    onEntered({ writer, name }) {
      if (name !== writer) violate("a daemon enters itself alone", `${writer} has entered ${name}`, name);
    },
    onLock({ before, after, object }) {
      if (doublesIn(after) <= doublesIn(before)) return;
      violate("a node has one slot", `${lockIn(object)} names a node twice`);
    },
  };
}

/** An entry of kured for the same node is no slot of rebootd. */
function doublesIn(entries: readonly Entry[]): number {
  const ours = entries.filter(({ concurrency }) => concurrency !== undefined);
  return ours.length - new Set(ours.map(({ nodeID }) => nodeID)).size;
}

/** Entries of people, of other nodes and of kured stay; that of a Node that is gone may be removed. */
export function removesItselfAlone({ view, of, isRecent, violate }: Look): Checker {
  return {
    onRemoved({ writer, entry }) {
      const { nodeID: name, nodeUID, concurrency } = entry;
      if (!isHolder(entry)) {
        const message = `${writer} has taken ${name} away, which was set by hand`;
        violate("a lock set by hand stays", message, name);
      } else if (name !== writer) {
        const stored = view.stored("nodes", name);
        const isGone = stored === undefined || (nodeUID !== undefined && stored.metadata.uid !== nodeUID);
        if (isGone || isRecent(name, of(name).goneAt)) return;
        violate("no slot is stolen", `${writer} has taken the slot of ${name}`, name);
      } else if (concurrency === undefined) {
        const message = `${writer} has taken away what kured has entered for ${name}`;
        violate("kured's entry is kured's", message, name);
      }
    },
  };
}
