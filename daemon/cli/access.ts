import type { Command } from "commander";
import type { Api } from "../cluster/api.ts";
import type { Environment } from "../config/environment.ts";
import { parseTable } from "../config/option.ts";
import { lockPlace, placeOptions } from "../config/options/lock.ts";
import { createLockObject, type LockObject, type LockPlace } from "../lock/lock-object.ts";
import type { Clock, Random } from "../time/clock.ts";
import { CommandRefused } from "./admin.ts";
import { addClusterOptions, type Credentials, credentialsOf } from "./cluster-options.ts";
import { findPlace, objectText } from "./find-place.ts";
import { addEnvironmentHelp, addOptions, givenOptions, typedOptions } from "./options.ts";
import type { Screen } from "./screen.ts";
import type { Terminal, Text } from "./terminal.ts";

/** The cluster and the lock, for a subcommand of people. */
export interface Access {
  api: Api;
  place: LockPlace;
  lockObject: LockObject;
  /** Keys that the options of the daemons name as hooks; undefined where these are not known. */
  hooks: readonly string[] | undefined;
  clock: Clock;
  random: Random;
}

export interface PersonIo {
  environment: Environment;
  /** The name by which the program was called: "rebootd" or "kubectl rebootd". */
  program: string;
  /** The terminal of `out`. */
  terminal: Terminal;
  /** Prints for the person. Nothing but our own styles gets to the terminal as control characters. */
  out: (text: Text) => void;
  err: (text: string) => void;
  /** Writes a file that the person has named; rejects where that is not possible. */
  writeText?: (file: string, text: string) => Promise<void>;
  /** Reads a file that the person has named, "-" for the standard input; rejects where that is not possible. */
  readText?: (file: string) => Promise<string>;
  /** Undefined where `out` is no terminal on which the cursor can be moved. */
  screen?: Screen | undefined;
  /** Aborted once nobody reads what `out` prints, such as `head` that has seen enough. */
  readerGone?: AbortSignal | undefined;
  clock: Clock;
  random: Random;
  connect: (credentials: Credentials) => Api;
  /** The name of the cluster for people. */
  clusterName?: (credentials: Credentials) => string;
}

/** Adds the options that say which cluster, and where in it the lock is. */
export function withAccess(command: Command): Command {
  return addEnvironmentHelp(addClusterOptions(addOptions(command, placeOptions)), placeOptions);
}

export function apiOf(
  command: Command,
  { environment, connect }: Pick<PersonIo, "environment" | "connect">,
): Api {
  return connect(credentialsOf(command, environment));
}

/**
 * Finds the lock. A place without the object is a CommandRefused as soon as it is used: no daemon would read
 * an object that is created there.
 */
export async function accessOf(command: Command, io: PersonIo, signal: AbortSignal): Promise<Access> {
  const { environment, clock, random, err } = io;
  const typed = givenOptions(command, placeOptions, environment);
  const { namespace, dsNamespace } = typedOptions(command);
  // A namespace that was typed is that of the object, whatever kind it is of.
  const isOfObject = typeof namespace === "string" && dsNamespace === undefined;
  const given = isOfObject ? { ...typed, "ds-namespace": namespace } : typed;
  // Invalid options are refused before the cluster is asked.
  lockPlace(parseTable(placeOptions, given));
  const api = apiOf(command, io);
  const { place, ifMissing, warning, hooks } = await findPlace(api, given, signal);
  if (warning !== undefined) err(`rebootd: warning: ${warning}\n`);
  const lockObject = createLockObject({
    api,
    clock,
    random,
    place,
    ifMissing: () => new CommandRefused(`there is no ${objectText(place)}; ${ifMissing}`),
  });
  return { api, place, lockObject, hooks, clock, random };
}
