import { fileURLToPath } from "node:url";

/** Program of daemons and commands in tests: the bundle that a whole run has made (.mocharc.cluster.cjs), else the sources. */
export const program =
  process.env["REBOOTD_PROGRAM"] ?? fileURLToPath(new URL("../../daemon/main.ts", import.meta.url));

/** An environment with nothing in it that is about rebootd. */
export const bareEnvironment: Readonly<Record<string, string>> = {
  PATH: process.env["PATH"] ?? "/usr/bin:/bin",
  ...(process.env["NODE_COMPILE_CACHE"] !== undefined && {
    NODE_COMPILE_CACHE: process.env["NODE_COMPILE_CACHE"],
  }),
};
