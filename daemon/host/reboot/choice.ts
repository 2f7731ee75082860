import type { Argv } from "../exec.ts";
import { type Choice, type MethodName, type Rebooter, type RebootMethod, RebootRefused } from "./rebooter.ts";

/** How the machine is rebooted. */
export interface RebootSettings {
  method: MethodName | "auto";
  command: Argv;
  /** Number of the signal to process 1. */
  signal: number;
}

/** Reboots by the configured method, or with `auto` by the first method that can work. */
export function choosingRebooter(
  methods: readonly RebootMethod[],
  asked: MethodName | "auto",
): Required<Rebooter> {
  let chosen: RebootMethod | undefined;

  async function choose(signal: AbortSignal): Promise<Choice> {
    const cannot: Choice["cannot"] = {};
    for (const method of methods.filter(({ name }) => asked === "auto" || asked === name)) {
      const failure = await method.precheck(signal);
      if (failure === undefined) {
        chosen = method;
        return { method: method.name, cannot };
      }
      cannot[method.name] = failure;
    }
    return { method: undefined, cannot };
  }

  return {
    choose,
    async reboot(signal) {
      if (chosen === undefined) await choose(signal);
      if (chosen === undefined) throw new RebootRefused(`no way to reboot with --reboot-method=${asked}`);
      await chosen.reboot(signal);
    },
  };
}
