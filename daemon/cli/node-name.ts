import * as z from "zod/mini";
import { objectName } from "../config/values.ts";
import { ConfigError, printable } from "../text/config-error.ts";

/**
 * The name of a node as a person types it, also as kubectl prints it (`node/n1`). Any other text is a
 * ConfigError before any request: it might be a path or a query to the API server.
 */
export function nodeName(given: string): string {
  const name = given.replace(/^nodes?\//, "");
  if (z.safeParse(objectName, name).success) return name;
  throw new ConfigError(
    `invalid node name ${printable(given)}: must be lower case letters, digits, '-' and '.', for example worker-1`,
  );
}

/** The names of an argument that may be repeated; each node counts once. */
export function nodeNames(given: string, before: readonly string[] = []): string[] {
  return [...new Set([...before, nodeName(given)])];
}

/** The node, or undefined for all: a variable that is empty in a script must not mean all by itself. */
export function nodeOrAll(verb: string, node: string | undefined, all: boolean): string | undefined {
  if (node !== undefined && all) throw new ConfigError(`${verb}: NODE and --all are mutually exclusive`);
  if (node === undefined && !all) {
    throw new ConfigError(`${verb} requires NODE or --all, for example rebootd ${verb} worker-1`);
  }
  return node;
}
