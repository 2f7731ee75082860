/** Links of the pages, and the anchors to which they may lead. Pure. */
import { lineAt, type Page, proseOf } from "./pages.ts";

export interface Link {
  line: number;
  /** As it is written, such as "../reference/options.md#lock". */
  target: string;
}

/** Links and images of a page to other files of the repository or to its own headings. */
export function relativeLinksIn(page: Page): Link[] {
  const prose = proseOf(page).replaceAll(/`[^`\n]*`/g, (span) => "x".repeat(span.length));
  const inline = prose.matchAll(/\]\((?<target>[^)\s]+)(?:\s+"[^"]*")?\)/g);
  const named = prose.matchAll(/^\[[^\]]+\]:\s*(?<target>\S+)/gm);
  const tags = prose.matchAll(/<(?:a|img)\s[^>]*?(?:href|src)="(?<target>[^"]+)"/g);
  return [...inline, ...named, ...tags]
    .map(({ index, groups }) => ({ line: lineAt(prose, index), target: groups?.["target"] ?? "" }))
    .filter(({ target }) => !/^[a-z]+:/.test(target));
}

/** The anchors of a page: those that forges make of its headings, and its own. */
export function anchorsIn(page: Page): Set<string> {
  const prose = proseOf(page);
  const anchors = new Set<string>();
  for (const [, heading = ""] of prose.matchAll(/^ {0,3}#{1,6}\s+(.*?)\s*#*\s*$/gm)) {
    const slug = slugOf(heading);
    let anchor = slug;
    for (let count = 1; anchors.has(anchor); count += 1) anchor = `${slug}-${count}`;
    anchors.add(anchor);
  }
  for (const [, own = ""] of prose.matchAll(/<a\s[^>]*?(?:id|name)="([^"]+)"/g)) anchors.add(own);
  return anchors;
}

/** The anchor of a heading: lower case, hyphens for blanks, no other punctuation than hyphens and underscores. */
export function slugOf(heading: string): string {
  return heading
    .replaceAll(/!?\[([^\]]*)\]\([^)]*\)/g, "$1")
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
    .replaceAll(/\s/g, "-");
}
