/** How a simulated machine says that it needs a reboot: by its sentinel, and by more where a story or a storm has put that there. */
import { anyNeed } from "../../daemon/host/need/any-need.ts";
import type { Need, NeedSource } from "../../daemon/host/need/need.ts";
import type { UpdateUnderWay } from "../../daemon/host/need/update-under-way.ts";
import { sentinelFile } from "../kubernetes/machines/machine.ts";
import type { MachineStorage } from "../kubernetes/machines/storage.ts";

/** While it is there, nobody can tell whether the sentinel is. */
export const doubtFile = "need-in-doubt";
/** The answer of a second source, a {@link Need} as JSON; without the file there is no second source. */
export const secondSourceFile = "second-source";
/** Says of the reboot of the sentinel that it may wait. */
export const patchedFile = "patched-live";
/** An update is under way since the time in it, in milliseconds since the epoch. */
export const updateFile = "update-under-way";

export function simulatedNeed(storage: MachineStorage): NeedSource {
  const watch: NeedSource["watch"] = (onChange, signal) => storage.watch(onChange, signal);
  const sentinel: NeedSource = {
    name: sentinelFile,
    check: async () => sentinelNeed(storage),
    watch,
  };
  return {
    check: async (fresh, signal) => {
      const second = storage.read(secondSourceFile);
      if (second === undefined) return sentinelNeed(storage);
      const need = JSON.parse(second) as Need;
      const other: NeedSource = { name: secondSourceFile, check: async () => need, watch };
      return await anyNeed([sentinel, other]).check(fresh, signal);
    },
    watch,
  };
}

export function simulatedUpdate(storage: MachineStorage): UpdateUnderWay {
  return async () => {
    const since = storage.read(updateFile);
    return since === undefined ? undefined : { file: updateFile, since: Number(since) };
  };
}

function sentinelNeed(storage: MachineStorage): Need {
  if (storage.read(doubtFile) !== undefined) return { state: "unknown", why: "there is no folder /run" };
  const packages = storage.read(sentinelFile);
  if (packages === undefined) return { state: "not-needed" };
  const reasons = packages === "" ? [] : packages.split("\n");
  const mayWait = storage.read(patchedFile) !== undefined;
  return { state: "needed", source: "file", reasons, ...(mayWait && { urgency: "low" }) };
}
