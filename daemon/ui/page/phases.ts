/** The phases as the page shows them: in the order of what a person looks at first. */
export interface PhaseLook {
  /** One sign beside the colour. Fonts of all systems have it. */
  glyph: string;
  /** Reads well after the name of a node. */
  doing: string;
}

const looks: Readonly<Record<string, PhaseLook>> = {
  Failed: { glyph: "✕", doing: "is backing off after a failure" },
  Gone: { glyph: "?", doing: "holds a slot, and the cluster has no such Node" },
  Unknown: { glyph: "?", doing: "has a record that cannot be read" },
  Restoring: { glyph: "↩", doing: "is being restored without a reboot" },
  Draining: { glyph: "↓", doing: "is being drained" },
  Rebooting: { glyph: "↻", doing: "is rebooting" },
  Returning: { glyph: "↑", doing: "has rebooted and is not back in service yet" },
  Settling: { glyph: "✓", doing: "is back in service and releases its slot" },
  Waiting: { glyph: "…", doing: "is waiting for its reboot" },
  Idle: { glyph: "·", doing: "needs no reboot" },
};

export const phaseNames: readonly string[] = Object.keys(looks);

/** A phase of a newer daemon has the look of an unknown one. */
export function phaseLook(phase: string): PhaseLook {
  return Object.hasOwn(looks, phase) ? (looks[phase] as PhaseLook) : { glyph: "?", doing: `is ${phase}` };
}

/** The phase for the style sheet, which has no colour for others. */
export function phaseClass(phase: string): string {
  return Object.hasOwn(looks, phase) ? phase : "Unknown";
}

/** Between the cordon and the release of the slot. */
export function isUnderWay(phase: string): boolean {
  return ["Draining", "Rebooting", "Returning", "Settling", "Restoring"].includes(phase);
}
