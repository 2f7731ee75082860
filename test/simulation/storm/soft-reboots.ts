/** Storms in which nodes reboot softly or by kexec: what else happens to those reboots, and how it is drawn. */
import type { RawOptions } from "../../../daemon/config/settings.ts";
import type { Draw } from "./draw.ts";

/**
 * - `by-others`: somebody else on the machine asks for a soft reboot.
 * - `turns-full`: a soft reboot becomes a full one.
 * - `uncounted`: systemd does not say how many there were.
 * - `served`: something on the machine removes the sentinel in a soft reboot, which keeps /run.
 */
type How = "by-others" | "turns-full" | "uncounted" | "served";

export interface SoftRebootTrouble {
  kind: "soft-reboot";
  node: string;
  how: How;
  for: number;
}

export const softRebootKinds = ["soft-reboot"] as const;

/** Of all storms. */
const share = 0.08;

/** In a few of the storms; `always` in those of this trouble alone. */
export function drawRebootKind(own: Draw, always: boolean): RawOptions {
  const isDrawn = own.chance(share);
  const kind = own.oneOf("soft", "soft", "kexec");
  if (always) return { "reboot-kind": "soft" };
  return isDrawn ? { "reboot-kind": kind } : {};
}

export function drawSoftReboot({ node, oneOf, integer }: Draw): SoftRebootTrouble {
  return {
    kind: "soft-reboot",
    node: node(),
    how: oneOf<How>("by-others", "turns-full", "uncounted", "served", "served"),
    for: integer(20, 400),
  };
}
