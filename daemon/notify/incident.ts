import type { MessageKind } from "./message.ts";

/** The kinds that open an incident, or end one: services that call somebody at night get no others by default. */
export const incidentKinds = ["failed", "blocked", "overdue", "halted", "done", "restored"] as const;

/** Such a message ends the incident with its topic, if there is one. */
export function endsIncident(kind: MessageKind): boolean {
  return kind === "done" || kind === "restored";
}
