import type { Message } from "./message.ts";

/** The first line of a message in a chat: a mark of its level, and the title of the URL before its own. */
export function headingOf(message: Message, title: string | undefined): string {
  return [marks[toneOf(message)], titleOf(message, title)].filter((part) => part !== "").join(" ");
}

/** The same without the mark, for services that show the level in another way. */
export function titleOf({ title: own }: Message, title: string | undefined): string {
  return title === undefined || title === "" ? own : `${title} · ${own}`;
}

/** A colour as #RRGGBB. */
export function colourOf(message: Message): string {
  return colours[toneOf(message)];
}

/** Good is the end of a trouble or of a reboot. */
export type Tone = "info" | "good" | "warn" | "error";

/** The level, with good news apart from other information. */
export function toneOf({ kind, level }: Message): Tone {
  return level === "info" && (kind === "done" || kind === "restored") ? "good" : level;
}

/** Nobody needs to act on information, so it has no mark. */
const marks: Record<Tone, string> = { info: "", good: "✅", warn: "⚠️", error: "🚨" };

/** shoutrrr's colours of levels in Discord; it has none for good news. */
const colours: Record<Tone, string> = {
  info: "#2488ff",
  good: "#2eb67d",
  warn: "#ffc441",
  error: "#d60510",
};
