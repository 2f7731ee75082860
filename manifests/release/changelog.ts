/** The changelog, which follows https://keepachangelog.com/en/1.1.0. Pure. */
import type { Fault } from "./fault.ts";

interface Section {
  heading: string;
  /** "Unreleased" or a version; undefined where the heading is neither. */
  name: string | undefined;
  /** Such as 2026-11-29. */
  date: string | undefined;
  body: string;
}

/** The release that the changelog is for. */
export interface ReleasedVersion {
  version: string;
  /** The day of the commit in UTC, such as 2026-11-29; undefined in a rehearsal, in which the heading is still "Unreleased". */
  day: string | undefined;
}

/** The text of this version without its heading; in a rehearsal that of "Unreleased", if there is no other. */
export function notesOf(text: string, { version, day }: ReleasedVersion): string | undefined {
  const sections = sectionsOf(text);
  const own = sections.find(({ name }) => name === version);
  const section = own ?? (day === undefined ? sections.find(({ name }) => name === "Unreleased") : undefined);
  return section && `${section.body}\n`;
}

/** Checks order and form of all headings, that each has entries, and that the release has one with its date. */
export function checkChangelog(text: string, release: ReleasedVersion): Fault[] {
  const sections = sectionsOf(text);
  return [
    ...sections.flatMap((section) => faultsOfForm(section)),
    ...sections.slice(1).flatMap((section, before) => faultsOfOrder(sections[before], section)),
    ...faultsOfRelease(text, sections, release),
  ];
}

function sectionsOf(text: string): Section[] {
  const parts = text.split(/^## +/m).slice(1);
  return parts.map((part) => {
    const [heading = "", ...lines] = part.split("\n");
    const [, name, date] = /^\[([^\]]+)\](?: - (\d{4}-\d{2}-\d{2}))?$/.exec(heading) ?? [];
    return { heading, name, date, body: lines.join("\n").trim() };
  });
}

function faultsOfForm({ heading, name, date, body }: Section): Fault[] {
  const faults: Fault[] = [];
  const isVersion = name !== undefined && /^\d+\.\d+\.\d+(?:-[\w.-]+)?$/.test(name) && isDay(date);
  if (!isVersion && !(name === "Unreleased" && date === undefined)) {
    const remedy = 'write "## [Unreleased]" or a version with its date, such as "## [1.2.3] - 2026-11-29"';
    faults.push({ fault: `CHANGELOG.md has the heading "${heading}"`, remedy });
  }
  if (!/^- /m.test(body)) {
    const remedy = 'add its entries, which begin with "- ", or remove the heading';
    faults.push({ fault: `CHANGELOG.md has no entries under "${heading}"`, remedy });
  }
  return faults;
}

function isDay(date: string | undefined): boolean {
  const at = Date.parse(`${date}T00:00:00Z`);
  return !Number.isNaN(at) && new Date(at).toISOString().startsWith(`${date}T`);
}

function faultsOfOrder(upper: Section | undefined, lower: Section): Fault[] {
  const remedy = 'put the newest version first, under "Unreleased" if there is one';
  if (upper?.name === undefined || lower.name === undefined) return [];
  if (lower.name === "Unreleased")
    return [{ fault: 'CHANGELOG.md has "Unreleased" below a version', remedy }];
  if (upper.name === "Unreleased") return [];
  const isInOrder = compareVersions(upper.name, lower.name) > 0 && (upper.date ?? "") >= (lower.date ?? "");
  if (isInOrder) return [];
  return [{ fault: `CHANGELOG.md has "${lower.heading}" below "${upper.heading}"`, remedy }];
}

function faultsOfRelease(text: string, sections: Section[], { version, day }: ReleasedVersion): Fault[] {
  const own = sections.find(({ name }) => name === version);
  const unreleased = sections.find(({ name }) => name === "Unreleased");
  if (day === undefined) {
    if (own !== undefined || unreleased !== undefined) return [];
    return [
      { fault: "CHANGELOG.md has no entries of this version", remedy: 'add "## [Unreleased]" with them' },
    ];
  }
  const faults: Fault[] = [];
  if (unreleased !== undefined) {
    const remedy = `give it the heading "## [${version}] - ${day}"; the next change begins a new one`;
    faults.push({ fault: 'CHANGELOG.md still has "Unreleased"', remedy });
  }
  if (own === undefined) {
    const remedy = `name the section of this release "## [${version}] - ${day}"`;
    faults.push({ fault: `CHANGELOG.md has no heading for ${version}`, remedy });
  } else if (own !== sections.find(({ name }) => name !== "Unreleased")) {
    const remedy = "set the next version in package.json and all other places";
    faults.push({ fault: `CHANGELOG.md has newer versions than ${version}`, remedy });
  }
  if (own?.date !== undefined && own.date > day) {
    const fault = `CHANGELOG.md dates ${version} ${own.date}, after its commit of ${day}`;
    faults.push({ fault, remedy: `write ${day}` });
  }
  if (/no version has been released/i.test(text)) {
    const fault = "CHANGELOG.md says that no version has been released yet";
    faults.push({ fault, remedy: "remove the sentence" });
  }
  return faults;
}

/** Negative, 0 or positive, by https://semver.org/#spec-item-11. */
export function compareVersions(a: string, b: string): number {
  const [coreOfA = "", ...restOfA] = a.split("-");
  const [coreOfB = "", ...restOfB] = b.split("-");
  const byCore = compareParts(coreOfA, coreOfB);
  if (byCore !== 0) return byCore;
  const [previewOfA, previewOfB] = [restOfA.join("-"), restOfB.join("-")];
  // A version comes after its previews.
  if (previewOfA === "" || previewOfB === "") return Number(previewOfA === "") - Number(previewOfB === "");
  return compareParts(previewOfA, previewOfB);
}

function compareParts(a: string, b: string): number {
  const [partsOfA, partsOfB] = [a.split("."), b.split(".")];
  for (const [index, part] of partsOfA.entries()) {
    const other = partsOfB[index];
    if (other === undefined) return 1;
    if (part === other) continue;
    const [isNumber, isOtherNumber] = [/^\d+$/.test(part), /^\d+$/.test(other)];
    if (isNumber && isOtherNumber) return Number(part) - Number(other);
    // Numbers come before words.
    if (isNumber !== isOtherNumber) return isNumber ? -1 : 1;
    return part < other ? -1 : 1;
  }
  return partsOfA.length - partsOfB.length;
}
