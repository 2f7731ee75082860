/** A way in which kured 1.23 harms a cluster, or leaves it harmed, whatever its flags are. */
export interface Defect {
  /** One sentence each. */
  readonly kured: string;
  readonly rebootd: string;
}

/** The defects that belong to no single flag, the gravest first. docs/migrate-from-kured.md lists them. */
export const defects: readonly Defect[] = [
  {
    kured:
      "Reboots after a long drain although its lock has gone to another node, the window has closed or the need has gone.",
    rebootd:
      "Checks all of that again straight before the reboot, and restores the node where one is missing.",
  },
  {
    kured: "Takes a restart of its pod for a reboot: uncordons and says that the node has rebooted.",
    rebootd: "The boot ID proves a reboot; a daemon that restarts goes on where the cycle stood.",
  },
  {
    kured: "Releases the lock as soon as the node is uncordoned.",
    rebootd: "First the node is Ready for 15s, and its critical DaemonSet pods are too.",
  },
  {
    kured:
      "Leaves a node cordoned for ever, and often the lock held, where a TTL runs out, the lock cannot be read at the start, or it is killed after a failed drain.",
    rebootd:
      "The record on the Node says what is ours; whichever step is cut off, the next daemon restores the node and releases the slot.",
  },
  {
    kured:
      "Uncordons a node that a person has cordoned, after a failed drain or where the cordon came in its cycle.",
    rebootd: "Uncordons only what it has cordoned itself.",
  },
  {
    kured: "Waits for ever for a machine that does not go down.",
    rebootd: "Asks again after 10 minutes, twice in all, then restores the node and counts a failure.",
  },
  {
    kured: "Reboots again and again while the sentinel survives each reboot.",
    rebootd: "Stops after two proved reboots for one need, and says so.",
  },
  {
    kured: "Goes on to the next node whatever has become of the last ones.",
    rebootd: "Stops the roll after three nodes in a row whose reboot failed, until a person resumes it.",
  },
  {
    kured: "The lock of a node that is gone stops all reboots.",
    rebootd: "Removes the entry of a Node that is gone, after two looks.",
  },
  {
    kured:
      "Overwrites a manual lock where --concurrency is more than 1, and stops for ever where it was lowered to 1.",
    rebootd: "A manual lock holds in both shapes, and each shape is read whatever --concurrency is.",
  },
  {
    kured: "An unreadable lock stops all nodes without a word about the reason.",
    rebootd: "It stops them too, and says what is wrong and how to mend it.",
  },
  {
    kured: "Evicts a pod that a budget holds several times a second, without end.",
    rebootd: "Backs off from 1s to 30s, and starts no drain that a budget would hold.",
  },
  {
    kured: "Takes the lock again at once after its own failed drain.",
    rebootd: "Backs off from 1 minute to 1 hour, and leaves the lock to others.",
  },
  {
    kured: "Does not look at the blocking pods and alerts again once it has the lock.",
    rebootd: "Asks every gate again once it has the slot, before the cordon.",
  },
  {
    kured:
      "Crashes where the API server does not answer, or a taint or an annotation is other than expected.",
    rebootd: "Backs off and tries again.",
  },
  {
    kured:
      "May change the whole of its DaemonSet with a write of the lock, as it does not know the newest fields.",
    rebootd: "Writes the object back as it was read, but for the lock.",
  },
  {
    kured:
      "Uncordons and releases the lock when it starts, though the machine may still be about to go down.",
    rebootd:
      "What a kured had begun when its image was changed is ended once the machine has rebooted and is Ready, or has stayed up for 10 minutes.",
  },
];
