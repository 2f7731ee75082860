import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseSettings, type RawOptions } from "../../daemon/config/settings.ts";
import { openMetricsAccess } from "../../daemon/report/metrics-access.ts";

/** For a suite about files of the metrics port: `at` names one in a folder that is there during its tests. */
export function useMetricsFiles() {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "rebootd-metrics-"));
  });
  after(() => rm(folder, { recursive: true }));
  return {
    at: (name: string) => join(folder, name),
    accessWith: (options: RawOptions) =>
      openMetricsAccess(parseSettings({ "node-id": "n1", ...options }).report.files, (file) =>
        readFile(file, "utf8"),
      ),
  };
}
