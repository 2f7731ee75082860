/** The licences of the packages in the bundle, as THIRD-PARTY-NOTICES.txt has them. Pure. */
import type { Fault } from "./fault.ts";

/** A package, or two of one name and version, of which something is in the bundle. */
export interface BundledPackage {
  name: string;
  version: string;
}

/**
 * The licences under which rebootd passes on code of others, by SPDX identifier (https://spdx.org/licenses), each with
 * a sentence of its text. All of them ask for no more than that the text goes along.
 */
export const allowedLicences: Readonly<Record<string, RegExp>> = {
  "0BSD": /Permission to use, copy, modify, and\/or distribute this software/,
  "Apache-2.0": /Apache License,? Version 2\.0/,
  "BSD-2-Clause": /Redistribution and use in source and binary forms/,
  "BSD-3-Clause": /Redistribution and use in source and binary forms/,
  ISC: /Permission to use, copy, modify, and(?:\/or)? distribute this software/,
  MIT: /Permission is hereby granted, free of charge, to any person obtaining a copy/,
  "MIT-0": /Permission is hereby granted, free of charge, to any person obtaining a copy/,
  Unlicense: /This is free and unencumbered software released into the public domain/,
};

interface Notice extends BundledPackage {
  licence: string;
  text: string;
}

/** The sections of THIRD-PARTY-NOTICES.txt, as `noticesOf` writes them; in a text each blank and each line break is one blank. */
export function readNotices(text: string): Notice[] {
  return text
    .split(/^==== /m)
    .slice(1)
    .map((section) => {
      const [, name = "", version = "", licence = ""] = /^(\S+) (\S+) \((.*)\) ====$/m.exec(section) ?? [];
      return { name, version, licence, text: section.slice(section.indexOf("\n")).replaceAll(/\s+/g, " ") };
    });
}

/** Checks that the notices name each bundled package and no other, and that each licence is allowed and has its text. */
export function checkLicences(notices: readonly Notice[], bundled: readonly BundledPackage[]): Fault[] {
  return [...faultsOfNames("THIRD-PARTY-NOTICES.txt", notices, bundled), ...notices.flatMap(faultsOfLicence)];
}

/** A fault for each package that only one of the two lists has. */
export function faultsOfNames(
  list: string,
  listed: readonly BundledPackage[],
  bundled: readonly BundledPackage[],
): Fault[] {
  const nameOf = ({ name, version }: BundledPackage) => `${name} ${version}`;
  const [found, expected] = [new Set(listed.map(nameOf)), new Set(bundled.map(nameOf))];
  const missing = [...expected].filter((one) => !found.has(one));
  const others = [...found].filter((one) => !expected.has(one));
  return [
    ...missing.map((one) => `${list} lacks ${one}, which is in the bundle`),
    ...others.map((one) => `${list} has ${one}, which is not in the bundle`),
  ]
    .sort()
    .map((fault) => ({ fault, remedy: "run npm ci and begin again" }));
}

function faultsOfLicence({ name, version, licence, text }: Notice): Fault[] {
  const names = licence.split(/ AND |[()]/).filter((part) => part.trim() !== "");
  const isPermitted = (one: string) => Object.hasOwn(allowedLicences, one);
  const choices = names.map((choice) => choice.split(" OR ").map((one) => one.trim()));
  if (choices.length === 0 || !choices.every((choice) => choice.some(isPermitted))) {
    const fault = `${name} ${version} has the licence ${licence || "(none)"}, which is not on the list`;
    const remedy =
      "read it; then add it to allowedLicences in manifests/release/licences.ts, or do without the package";
    return [{ fault, remedy }];
  }
  return choices
    .filter((choice) => !choice.some((one) => allowedLicences[one]?.test(text)))
    .map((choice) => ({
      fault: `${name} ${version} names the licence ${choice.join(" OR ")}, and its text is that of another`,
      remedy: "ask its authors, or do without the package",
    }));
}
