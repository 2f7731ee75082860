/** The chart under a real Helm. */
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { loadAllYaml } from "@kubernetes/client-node";
import type { ManifestObject } from "../world/manifests.ts";
import { type Ran, type Session, startSession } from "./kubectl.ts";

export const chart = fileURLToPath(new URL("../../manifests/chart", import.meta.url));
const valuesFolder = fileURLToPath(new URL("../chart/values", import.meta.url));

/** Files with values, by their names without the ending. */
export const valuesFiles: Readonly<Record<string, string>> = Object.fromEntries(
  readdirSync(valuesFolder).map((name) => [name.replace(/\.yaml$/, ""), join(valuesFolder, name)]),
);

export interface Helm {
  run(...args: string[]): Promise<Ran>;
  /** Expects that it succeeds; resolves with what it prints. */
  does(...args: string[]): Promise<string>;
  /** Writes the values to a file; its name is for `--values`. */
  values(values: object): string;
  stop(): void;
}

/** `kubeconfig`: its content, for commands that need a cluster. */
export function startHelm(kubeconfig = ""): Helm {
  const folder = mkdtempSync(join(tmpdir(), "rebootd-helm-"));
  writeFileSync(join(folder, "kubeconfig"), kubeconfig, { mode: 0o600 });
  const file = process.env["HELM"];
  assert.ok(file, "HELM names a helm; test/system/run.sh sets it");
  const session: Session = startSession({ title: "helm", file }, join(folder, "kubeconfig"));
  const run = (...args: string[]) => session.run(args, { HOME: folder });
  return {
    run,
    async does(...args) {
      const { code, text } = await run(...args);
      assert.equal(code, 0, `helm ${args.join(" ")}: ${text}`);
      return text;
    },
    values(values) {
      const path = join(folder, "values.json");
      writeFileSync(path, JSON.stringify(values));
      return path;
    },
    stop: () => rmSync(folder, { recursive: true }),
  };
}

/** The objects of a release as Helm would create them, without those of hooks. */
export async function rendered(helm: Helm, ...args: string[]): Promise<ManifestObject[]> {
  const text = await helm.does(
    "template",
    "rebootd",
    chart,
    "--namespace=kube-system",
    "--no-hooks",
    ...args,
  );
  return objectsIn(text);
}

export function objectsIn(text: string): ManifestObject[] {
  return (loadAllYaml(text) as (ManifestObject | null | undefined)[]).filter((one) => one != null);
}
