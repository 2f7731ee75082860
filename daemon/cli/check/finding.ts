import type { Look } from "./look.ts";

/** In the order of how bad they are. */
export const results = ["ok", "warning", "failed"] as const;
export type Result = (typeof results)[number];

/** A finding on one thing. */
export interface Finding {
  result: Result;
  /** A sentence, with texts of others in it. */
  message: string;
  /** A command, or a sentence on what to do. */
  fix?: string;
}

/** One thing that is looked at. An ApiError or CommandRefused of `run` is a finding too. */
export interface Item {
  /** For people, such as "the lock". */
  name: string;
  run(look: Look): Promise<Finding | readonly Finding[]>;
}

export function ok(message: string): Finding {
  return { result: "ok", message };
}

export function warning(message: string, fix?: string): Finding {
  return { result: "warning", message, ...(fix !== undefined && { fix }) };
}

export function failed(message: string, fix?: string): Finding {
  return { result: "failed", message, ...(fix !== undefined && { fix }) };
}

/** The way to put back what the manifests bring. */
export const applyAgain = "kubectl apply -k manifests/base";
