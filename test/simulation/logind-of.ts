import type { Host } from "../../daemon/host/host.ts";
import type { Machine } from "../kubernetes/machines/machine.ts";

/** The login manager of a machine: nobody is logged in, and nobody holds shutdowns back. */
export function logindOf(machine: Machine): Host["logind"] {
  return {
    listInhibitors: async () => [],
    listSessions: async () => [],
    isShuttingDown: async () => machine.isGoingDown,
  };
}
