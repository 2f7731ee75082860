/** The parts of the image, each with its licence. Pure. */
import type { Fault } from "./fault.ts";

interface ImagePart {
  name: string;
  /** By SPDX identifier, where there is one. */
  licence: string;
  /** The paths of its files. */
  files: RegExp;
  /** The path of its licence's text, and words that the text has. */
  text: RegExp;
  says: RegExp;
}

const doc = (packageName: string) => new RegExp(`^usr/share/doc/${packageName}/copyright$`);
const library = (names: string) =>
  new RegExp(String.raw`^usr/lib(?:64)?/(?:[^/]+-linux-gnu/)?(?:${names})\.so\.\d+$`);

/**
 * All that the image may have. A copyleft licence is possible for a program of its own and for a library that is a file of
 * its own, as anybody can exchange it.
 */
export const imageParts: readonly ImagePart[] = [
  {
    name: "rebootd",
    licence: "Apache-2.0",
    // kured's name starts the same program.
    files: /^(?:rebootd(?:\.mjs|\/[^/]+\.mjs)|usr\/bin\/kured)$/,
    text: /^LICENSE$/,
    says: /Apache License\s+Version 2\.0/,
  },
  {
    name: "the packages in rebootd",
    licence: "see THIRD-PARTY-NOTICES.txt",
    files: /^rebootd(?:\.mjs|\/[^/]+\.mjs)$/,
    text: /^THIRD-PARTY-NOTICES\.txt$/,
    says: /^==== \S+ \S+ \(.+\) ====$/m,
  },
  {
    name: "Node.js",
    licence: "MIT, and those of the libraries in it",
    files: /^usr\/local\/bin\/node$/,
    text: /^usr\/local\/LICENSE$/,
    says: /Node\.js is licensed for use as follows/,
  },
  {
    name: "glibc",
    licence: "LGPL-2.1-or-later",
    files: library("ld-linux[\\w-]*|libc|libm|libdl|libpthread"),
    text: doc("libc6"),
    says: /GNU Lesser General Public/,
  },
  {
    name: "libgcc and libstdc++",
    licence: "GPL-3.0-or-later WITH GCC-exception-3.1",
    files: library("libgcc_s|libstdc\\+\\+"),
    text: doc("gcc-\\d+-base"),
    says: /GCC Runtime Library Exception/,
  },
  {
    name: "libselinux",
    licence: "libselinux-1.0",
    files: library("libselinux"),
    text: doc("libselinux1"),
    says: /public domain/i,
  },
  {
    name: "libpcre2",
    licence: "BSD-3-Clause",
    files: library("libpcre2-8"),
    text: doc("libpcre2-8-0"),
    says: /Redistribution and use in source and binary forms/,
  },
  {
    name: "nsenter",
    licence: "GPL-2.0-or-later",
    files: /^usr\/bin\/nsenter$/,
    text: doc("util-linux"),
    says: /GPL-2/,
  },
];

/** To these the texts above refer. */
const commonLicence = /^usr\/share\/common-licenses\/L?GPL-[\d.]+$/;

/** Checks that each regular file of the image is of a known part, and that each part is there with its licence. */
export function checkImageParts(paths: readonly string[], read: (path: string) => string): Fault[] {
  const remedy = "see the Dockerfile, and imageParts in manifests/release/image-parts.ts";
  const isKnown = (path: string) =>
    commonLicence.test(path) || imageParts.some(({ files, text }) => files.test(path) || text.test(path));
  const unknown = paths.filter((path) => !isKnown(path));
  const faults = imageParts.flatMap(({ name, licence, files, text, says }) => {
    if (!paths.some((path) => files.test(path))) return [`has no file of ${name}`];
    const textPath = paths.find((path) => text.test(path));
    if (textPath === undefined) return [`has ${name} without its licence, ${licence}`];
    return says.test(read(textPath))
      ? []
      : [`has ${name} with another licence than ${licence} in ${textPath}`];
  });
  return [...unknown.map((path) => `has /${path}, of which no licence is known`), ...faults].map((what) => ({
    fault: `the image ${what}`,
    remedy,
  }));
}
