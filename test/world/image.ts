/** How the image starts the daemon, read from the Dockerfile, so that tests and benches start it in the same way. */
import { readFileSync } from "node:fs";

const dockerfile = readFileSync(new URL("../../Dockerfile", import.meta.url), "utf8");
const entrypoint: string[] = JSON.parse(/^ENTRYPOINT (.*)$/m.exec(dockerfile)?.[1] ?? "[]");

/** The flags of node: all between its name and the program's. */
export const nodeFlags: readonly string[] = entrypoint.slice(1, -1);

/** The flags for this program. Sources are read by WebAssembly, which --lite-mode takes away: they go without it. */
export function flagsFor(program: string): readonly string[] {
  return program.endsWith(".ts") ? nodeFlags.filter((flag) => flag !== "--lite-mode") : nodeFlags;
}

/** The variables of the image. */
export const imageEnvironment: Readonly<Record<string, string>> = Object.fromEntries(
  [...dockerfile.matchAll(/^ENV (\w+)=(\S+)$/gm)].map(([, name = "", value = ""]) => [name, value]),
);
