import type { Argv } from "../exec.ts";
import type { Journal } from "../journal.ts";
import {
  type Choice,
  type MethodName,
  type PossibleKind,
  type Rebooter,
  type RebootKind,
  type RebootMethod,
  RebootRefused,
} from "./rebooter.ts";

/** How the machine is rebooted. */
export interface RebootSettings {
  method: MethodName | "auto";
  command: Argv;
  /** Number of the signal to process 1. */
  signal: number;
  kind: RebootKind;
}

/**
 * Reboots by the configured method, or with `auto` by the first method that can work. Whatever the method, the
 * journal has a line about it. `whyNoKexec`: the reason why kexec is not possible just now; undefined where it is.
 */
export function choosingRebooter(
  methods: readonly RebootMethod[],
  asked: MethodName | "auto",
  journal: Journal,
  whyNoKexec: () => Promise<string | undefined> = async () => undefined,
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

  async function chosenMethod(signal: AbortSignal): Promise<RebootMethod | undefined> {
    if (chosen === undefined) await choose(signal);
    return chosen;
  }

  return {
    choose,
    async announce(why, signal) {
      const method = await chosenMethod(signal);
      const results = await Promise.allSettled([journal.write(why, signal), method?.announce?.(why, signal)]);
      signal.throwIfAborted();
      const failures = results.filter((one) => one.status === "rejected").map(({ reason }) => reason.message);
      if (failures.length > 0) throw new Error(failures.join("; "));
    },
    async possible(kind): Promise<PossibleKind> {
      const why = kind === "kexec" ? await whyNoKexec() : undefined;
      return why === undefined ? { kind } : { kind: "full", why };
    },
    async reboot(signal, kind = "full") {
      const method = await chosenMethod(signal);
      try {
        if (method === undefined) throw new RebootRefused(`no way to reboot with --reboot-method=${asked}`);
        await method.reboot(signal, kind);
      } catch (error) {
        // The announcement is in the journal, and the machine stays up.
        if (error instanceof RebootRefused) await journal.write(error.message, signal).catch(() => {});
        throw error;
      }
    },
  };
}
