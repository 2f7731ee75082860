import { cut } from "../text/cut.ts";

/**
 * Texts for services that read markup in them. Names of pods and texts of other programs must neither mention people
 * nor make links or formatting.
 */

/** The escaped text of at most `maxChars` characters; a longer one is cut before it is escaped. */
export function escapedTo(maxChars: number, text: string, escapeAll: (text: string) => string): string {
  let chars = maxChars;
  for (;;) {
    const escaped = escapeAll(cut(text, chars));
    if (escaped.length <= maxChars || chars <= 1) return escaped;
    chars = Math.max(1, Math.floor((chars * maxChars) / escaped.length) - 1);
  }
}

/** For text and for values of attributes in HTML. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/g, (char) => `&#${char.charCodeAt(0)};`);
}

/** https://docs.slack.dev/messaging/formatting-message-text#escaping */
export function escapeSlack(text: string): string {
  return text.replace(/[&<>]/g, (char) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;" })[char] ?? char);
}

/** A kind of Markdown. */
export interface Dialect {
  /** Characters that a backslash before them takes their meaning from. */
  escaped?: RegExp;
  /** Characters that no backslash helps against: they are followed by a space of no width. */
  parted?: RegExp;
}

/** Text without a meaning in the dialect. Web addresses stay as they are, so that they still lead to their page. */
export function escapeMarkdown(text: string, { escaped = nothing, parted = nothing }: Dialect): string {
  return text
    .replace(blockStart, noWidth)
    .split(webAddress)
    .map((part, at) => (at % 2 === 1 ? part : part.replace(escaped, "\\$&").replace(parted, `$&${noWidth}`)))
    .join("");
}

/** A web address for the parentheses of a link in Markdown, which it does not end. */
export function linkable(address: string): string {
  return address.replace(/[()<>\s]/g, (char) => `%${char.charCodeAt(0).toString(16).padStart(2, "0")}`);
}

/** U+200B */
export const noWidth = "\u200b";

const nothing = /(?!)/g;
const webAddress = /(https?:\/\/[^\s<>]+)/;

/** The places where a line would become a heading, a quotation, an item of a list, a rule or code. */
const blockStart = /^(?=[ \t]*(?:[-#>+=]|\d+[.)])|\t| {4})/gm;
