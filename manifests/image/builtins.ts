import { isBuiltin } from "node:module";
import type { Plugin } from "esbuild";

/**
 * Takes the modules of Node from Node itself. An import statement would make Node read each of their exports, and so
 * load what stands behind those that nobody uses, such as a second HTTP client: 4 MiB of memory in each daemon.
 */
export const lazyBuiltins: Plugin = {
  name: "builtins of Node",
  setup(build) {
    build.onResolve({ filter: /^[a-z]/ }, ({ path, kind }) =>
      kind === "import-statement" && isBuiltin(path) ? { path, namespace: "builtin" } : undefined,
    );
    build.onLoad({ filter: /./, namespace: "builtin" }, ({ path }) => ({
      contents: `module.exports = process.getBuiltinModule(${JSON.stringify(path)});`,
    }));
  },
};
