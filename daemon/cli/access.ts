import type { Command } from "commander";
import type { Clock, Random } from "../clock.ts";
import type { Api } from "../cluster/api.ts";
import { lockPlaceOf, lockPlaceOptions } from "../config/lock-place.ts";
import { parseOptions } from "../config/options.ts";
import { createLockCarrier, type LockCarrier, type LockPlace } from "../lock/carrier.ts";
import { addOptions, type Environment, givenOptions, kubeconfigFiles } from "./options.ts";

/** The way to a cluster, as kubectl finds it: what is named, else KUBECONFIG, else ~/.kube/config. */
export interface Credentials {
  kubeconfig: string | undefined;
  /** The files in KUBECONFIG. */
  listed: readonly string[];
  context: string | undefined;
}

/** What a subcommand for people works with. */
export interface Access {
  api: Api;
  place: LockPlace;
  carrier: LockCarrier;
  clock: Clock;
}

export interface PersonIo {
  environment: Environment;
  out: (text: string) => void;
  clock: Clock;
  random: Random;
  connect: (credentials: Credentials) => Api;
}

/** Adds the options that say which cluster, and where in it the lock is. */
export function withAccess(command: Command): Command {
  command
    .option("--kubeconfig <FILE>", "way to the API server; without it as kubectl finds it")
    .option("--context <NAME>", "the kubeconfig's context to use");
  return addOptions(command, lockPlaceOptions);
}

export function accessOf(command: Command, { environment, connect, clock, random }: PersonIo): Access {
  const { kubeconfig, context } = command.opts<{ kubeconfig?: string; context?: string }>();
  const place = lockPlaceOf(
    parseOptions(lockPlaceOptions, givenOptions(command, lockPlaceOptions, environment)),
  );
  const api = connect({
    kubeconfig: kubeconfig ?? environment["REBOOTD_KUBECONFIG"],
    listed: kubeconfigFiles(environment),
    context,
  });
  return { api, place, carrier: createLockCarrier({ api, clock, random, place }), clock };
}
