import { doubtFile, patchedFile, secondSourceFile, updateFile } from "../simulated-need.ts";
import type { HostKind, HostTrouble } from "./host-troubles.ts";
import type { Action } from "./scene.ts";

/** A file of the machine that is there as long as the trouble lasts. */
const withFile =
  (file: string, text: (trouble: HostTrouble, now: number) => string): Action<HostTrouble> =>
  (trouble, { world }) => {
    const machine = world.machine(trouble.node);
    machine.setFile(file, text(trouble, world.time.clock.wall()));
    return () => machine.setFile(file, undefined);
  };

export const hostActions: Record<HostKind, Action<HostTrouble>> = {
  doubt: withFile(doubtFile, () => ""),
  "second-source": withFile(secondSourceFile, (trouble) =>
    JSON.stringify("need" in trouble ? trouble.need : {}),
  ),
  "patched-live": withFile(patchedFile, () => ""),
  update: withFile(updateFile, (_, now) => String(now)),
};
