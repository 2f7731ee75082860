import type { RawOptions } from "../../../daemon/config/settings.ts";
import type { Random } from "../../../daemon/time/clock.ts";
import type { AlertmanagerModel } from "../../silence/alertmanager.ts";
import type { SmallWorld } from "../small-world.ts";
import type { ControlPlane } from "./control-plane.ts";
import type { Disturbances } from "./disturbances.ts";
import type { Interference } from "./interference.ts";
import type { StormLock } from "./locks.ts";
import type { Network } from "./network.ts";
import type { Settings } from "./settings.ts";
import type { Promises } from "./watch-promises.ts";

/** Everything in a storm that a trouble may touch. */
export interface Scene {
  world: SmallWorld;
  promises: Promises;
  interference: Interference;
  network: Network;
  /** Of what keeps daemons from reaching the server, of what keeps them from seeing changes, and of what makes them late. */
  disturbances: Disturbances;
  blindness: Disturbances;
  lateness: Disturbances;
  controlPlane: ControlPlane | undefined;
  /** Where the lock is, and what daemons are told, at first. */
  lock: StormLock;
  options: RawOptions;
  random: Random;
  /** Does something once, at the next request of the node's daemon but so many. */
  onRequest: (node: string, skip: number, action: () => void) => void;
  /** Does something once, when the machine boots next. */
  onNextBoot: (node: string, action: () => void) => void;
  settings: Settings;
  alerts: { active: boolean };
  /** How many troubles the storage has that nodes wait for. */
  storage: { troubles: number };
  alertmanager: AlertmanagerModel;
  /** Nodes whose slot a person has taken away while they were suspended. */
  givenUp: Set<string>;
  /** Nodes whose need comes back with each boot. */
  stubborn: Set<string>;
  /** Does something so many seconds later, or never if the storm is over by then. */
  later: (seconds: number, action: () => unknown) => void;
}

/** Begins a trouble; answers how to end it, where it does not end by itself. */
export type Action<T> = (trouble: T, scene: Scene) => Undo | Promise<Undo>;
export type Undo = (() => unknown) | undefined;
