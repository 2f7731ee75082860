import { copyFileSync, mkdirSync, readdirSync } from "node:fs";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Machine } from "./machine.ts";

const components = fileURLToPath(new URL("../../manifests/components", import.meta.url));

/** Where a component's first lines say that its files belong, and what is done then. */
const places: Readonly<
  Record<string, { folder: string; prepare?: (file: string) => [string, ...string[]] }>
> = {
  ".conf": { folder: "etc/sysusers.d", prepare: () => ["systemd-sysusers"] },
  ".rules": { folder: "etc/polkit-1/rules.d" },
  ".service": { folder: "etc/systemd/system" },
  ".path": {
    folder: "etc/systemd/system",
    prepare: (file) => ["sh", "-c", `systemctl daemon-reload; systemctl enable --quiet --now ${file}`],
  },
};

/** Installs on the machine what a component has for its node beside its manifests. */
export async function installHostFiles(machine: Machine, component: string): Promise<void> {
  const files = readdirSync(join(components, component)).filter((file) => extname(file) in places);
  for (const file of files) {
    const { folder = "" } = places[extname(file)] ?? {};
    mkdirSync(join(machine.root, folder), { recursive: true });
    copyFileSync(join(components, component, file), join(machine.root, folder, file));
  }
  for (const file of files) {
    const command = places[extname(file)]?.prepare?.(file);
    if (command !== undefined) await machine.exec(...command);
  }
}
