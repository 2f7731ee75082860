import { readFileSync } from "node:fs";
import { join } from "node:path";
import { buildSync } from "esbuild";
import type { PageFiles } from "../../daemon/ui/page-files.ts";
import { root } from "./root.ts";

const folder = "daemon/ui/page";

/** Bundles the page of `rebootd ui` for browsers, from its sources: one script and one style sheet. */
export function bundlePage(): PageFiles {
  const { outputFiles } = buildSync({
    absWorkingDir: root,
    entryPoints: { page: `${folder}/main.ts`, style: `${folder}/main.css` },
    outdir: "page",
    bundle: true,
    platform: "browser",
    target: ["chrome123", "firefox121", "safari17.5"],
    format: "esm",
    minify: true,
    charset: "utf8",
    legalComments: "none",
    write: false,
  });
  const textOf = (ending: string) => outputFiles.find(({ path }) => path.endsWith(ending))?.text ?? "";
  return {
    html: readFileSync(join(root, folder, "index.html"), "utf8"),
    script: textOf(".js"),
    style: textOf(".css"),
  };
}
