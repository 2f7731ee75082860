/** Makes and checks the archive of the chart. */
import { join } from "node:path";
import { packChart } from "./chart.ts";
import { type Answer, addFile, type Release } from "./release.ts";
import { run } from "./run.ts";

export async function chart(release: Release): Promise<Answer> {
  const { manifest, options, scratch, commit, files, facts } = release;
  const { version } = manifest;
  const { helm } = options;
  const name = `rebootd-chart-${version}.tgz`;
  const [bytes, again] = [
    await packChart(helm, join(scratch, "first"), commit.atMs),
    await packChart(helm, join(scratch, "second"), commit.atMs),
  ];
  const helmVersion = (await run(helm, ["version", "--short"])).trim();
  facts.builtWith = { ...facts.builtWith, helm: helmVersion };
  addFile(files, name, "the Helm chart", bytes);
  const remedy = "compare both; something in the archive depends on time or order";
  const faults = bytes.equals(again)
    ? []
    : [{ fault: `two archives of ${helm} ${helmVersion} differ`, remedy }];
  return { says: `${name}, by helm ${helmVersion}`, faults };
}
