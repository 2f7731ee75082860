import type { Plugin } from "esbuild";

/** Parts that packages load at their start and that rebootd never uses, by package; with what is there instead. */
const unused: Record<string, Record<string, string>> = {
  // Requests go over Node's own HTTP: the official client reads kubeconfigs only.
  "@kubernetes/client-node": { undici: "export class Agent {} export class ProxyAgent {} export let fetch;" },
  // Metrics of many processes, of other kinds and all at once, and traces.
  "prom-client": {
    "./lib/cluster": "",
    "./lib/pushgateway": "",
    "./lib/summary": "",
    "./lib/defaultMetrics": "",
    "@opentelemetry/api": "",
  },
  // It writes to a stream, without colours, and is not asked for its own messages.
  winston: {
    "@dabh/diagnostics": "module.exports = () => () => {};",
    "readable-stream": "module.exports = process.getBuiltinModule('node:stream');",
    "./file": "",
    "./http": "",
  },
  "winston-transport": {
    "readable-stream/lib/_stream_writable.js":
      "module.exports = process.getBuiltinModule('node:stream').Writable;",
  },
  logform: { "@colors/colors/safe": "module.exports = {};", fecha: "", "safe-stable-stringify": "" },
};

/**
 * Modules that are read where they are used first, though they are imported at the start: the tables of RE2JS take a
 * megabyte, and few daemons have a regular expression.
 */
const late: Record<string, string> = {
  re2js:
    "let real; export const RE2JS = { compile: (text) => (real ??= require('re2js')).RE2JS.compile(text) };",
};

/** Packages whose files may be left out where nothing of them is used, though they do not say so. */
const pure = ["@kubernetes/client-node"];

/** Leaves out what is never used of a package, and would be in the memory of each daemon, or in the image. */
export const withoutUnusedParts: Plugin = {
  name: "unused parts of packages",
  setup(build) {
    build.onResolve({ filter: /./ }, async ({ path, kind, importer, resolveDir, pluginData }) => {
      const [, by = ""] = /.*node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(importer) ?? [];
      const contents = unused[by]?.[path];
      if (kind === "import-statement" && path in late) {
        return { path, namespace: "late", pluginData: { contents: late[path], resolveDir } };
      }
      if (contents !== undefined)
        return { path: `${by}: ${path}`, namespace: "unused", pluginData: contents };
      if (pluginData === "resolved" || ![by, path].some((name) => pure.includes(name))) return undefined;
      const found = await build.resolve(path, { kind, importer, resolveDir, pluginData: "resolved" });
      return found.errors.length > 0 || found.external ? undefined : { path: found.path, sideEffects: false };
    });
    build.onLoad({ filter: /./, namespace: "late" }, ({ pluginData }) => pluginData);
    build.onLoad({ filter: /./, namespace: "unused" }, ({ pluginData }) => ({ contents: pluginData }));
  },
};
