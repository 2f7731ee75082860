/** The sentence for people on the machine that is about to go down: who reboots it, and why. Pure. */
import type { Need } from "../host/need/need.ts";
import type { RebootKind } from "../host/reboot/rebooter.ts";
import type { Holder } from "../lock/lock.ts";
import { cut } from "../text/cut.ts";
import { firstOf } from "../text/list.ts";
import { oneLine } from "../text/one-line.ts";
import { toTheSecond } from "../time/iso.ts";

const verbs: Readonly<Record<RebootKind, string>> = {
  full: "rebooting",
  soft: "soft-rebooting",
  kexec: "rebooting by kexec",
};

/** Packages that are named. */
const packagesMax = 10;
/** A text for a terminal; logind takes 4096 characters. */
const needMaxChars = 400;

/**
 * Such as "rebooting node n1: packages libc6, linux-image-6.1 and 3 more; cycle since 2026-11-29T06:24:22Z". The
 * cycle began with the slot, whose time in the lock everybody can read. One line, safe for terminals: packages,
 * requests and locks are texts of others.
 */
export function announcement(
  nodeName: string,
  kind: RebootKind,
  need: Need | undefined,
  holders: readonly Holder[] = [],
): string {
  const since = Date.parse(holders.find(({ nodeID }) => nodeID === nodeName)?.created ?? "");
  const cycle = Number.isNaN(since) ? [] : [`cycle since ${toTheSecond(since)}`];
  const parts = [cut(oneLine(needText(need)), needMaxChars), ...cycle];
  return `${verbs[kind]} node ${nodeName}: ${parts.join("; ")}`;
}

function needText(need: Need | undefined): string {
  if (need?.state !== "needed") return "a reboot is needed";
  const { source, reasons, request } = need;
  // A request comes before what the host names.
  const requestCount = request === undefined ? 0 : 1;
  const requests = reasons.slice(0, requestCount);
  const others = reasons.slice(requestCount);
  // Paths, commands and sentences are no names of packages.
  const what = others.every((reason) => /^[^\s/]+$/.test(reason)) ? "packages " : "";
  const named = others.length === 0 ? [] : [`${what}${firstOf(others, packagesMax)}`];
  const parts = [...requests, ...named];
  return parts.length === 0 ? `the sentinel ${source} says that a reboot is needed` : parts.join("; ");
}
