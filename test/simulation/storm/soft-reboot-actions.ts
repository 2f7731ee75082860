/** How soft reboots go otherwise than they should. */
import type { Action } from "./scene.ts";
import type { SoftRebootTrouble } from "./soft-reboots.ts";

export const softReboot: Action<SoftRebootTrouble> = ({ node, how }, { world }) => {
  const machine = world.machine(node);
  const { behaviour } = machine;
  switch (how) {
    case "by-others":
      machine.shutDown("soft");
      return undefined;
    case "turns-full":
      behaviour.softRebootTurnsFull = true;
      return () => {
        behaviour.softRebootTurnsFull = false;
      };
    case "uncounted":
      behaviour.countsSoftReboots = false;
      return () => {
        behaviour.countsSoftReboots = true;
      };
    case "served":
      behaviour.softRebootServes = true;
      behaviour.hasLoadedKernel = true;
      return () => {
        behaviour.softRebootServes = false;
        behaviour.hasLoadedKernel = false;
      };
  }
};
