import assert from "node:assert/strict";
import { globSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { loadYaml } from "@kubernetes/client-node";
import { build } from "esbuild";
import { bundleOptions } from "../../manifests/image/bundle.ts";
import { root } from "../../manifests/image/root.ts";
import { everyRow } from "../rows.ts";

type Parser = Pick<typeof import("@actions/workflow-parser"), "parseWorkflow" | "NoOperationTraceWriter">;

interface Workflow {
  permissions?: Record<string, string>;
  jobs: Record<string, Job>;
}
interface Job {
  permissions?: Record<string, string>;
  "timeout-minutes"?: number;
  uses?: string;
  steps?: { uses?: string; run?: string }[];
}

const read = (file: string) => readFileSync(join(root, file), "utf8");
const files = globSync(".github/workflows/*", { cwd: root });

/** As the forge puts it in. */
const expression = (name: string) => `$\{{ ${name} }}`;

/** Registries come from variables. */
const registryHost = /\b(?:ghcr|docker|quay|gcr|npmjs|pkg\.dev)\.(?:io|com|org)\b/;

/** Rules that the forge does not know: rights, pinned actions, deadlines, and values that a shell would run. */
function faultsOfRules(text: string): string[] {
  const { permissions, jobs } = loadYaml<Workflow>(text);
  const faults: string[] = permissions === undefined ? ["all jobs have the forge's default rights"] : [];
  if (Object.values(permissions ?? {}).includes("write")) faults.push("all jobs may write");
  if (registryHost.test(text)) faults.push("it names a registry");
  for (const [name, job] of Object.entries(jobs)) {
    const steps = job.steps ?? [];
    const mayWrite = Object.values(job.permissions ?? {}).includes("write");
    if (mayWrite && steps.some(({ run = "" }) => /\b(?:npm|node|npx)\b/.test(run)))
      faults.push(`${name} may write, and runs code of packages`);
    if (job.uses === undefined && job["timeout-minutes"] === undefined)
      faults.push(`${name} has no deadline`);
    for (const used of [job.uses, ...steps.map(({ uses }) => uses)]) {
      if (used !== undefined && !/^\.\/|@[0-9a-f]{40}$/.test(used)) faults.push(`${used} is not pinned`);
    }
    if (steps.some(({ run = "" }) => run.includes("${{"))) faults.push(`${name} puts a value into a script`);
  }
  return faults;
}

describe("The workflows", function () {
  this.timeout(20_000);
  let folder: string;
  let parser: Parser;
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "rebootd-workflows-"));
    const outfile = join(folder, "parser.mjs");
    // It imports JSON as bundlers do, and Node does not.
    await build({
      stdin: { contents: 'export * from "@actions/workflow-parser"', resolveDir: root },
      bundle: true,
      platform: "node",
      format: "esm",
      outfile,
      banner: bundleOptions.banner,
      logLevel: "error",
    });
    parser = await import(pathToFileURL(outfile).href);
  });
  after(() => rmSync(folder, { recursive: true }));

  const faultsOfSchema = (name: string, content: string) =>
    parser
      .parseWorkflow({ name, content }, new parser.NoOperationTraceWriter())
      .context.errors.getErrors()
      .map(String);

  it("are valid by the forge's own schema, and keep the rules of the house", () => {
    assert.deepEqual(files.sort(), [".github/workflows/ci.yml", ".github/workflows/release.yml"]);
    for (const file of files) {
      const text = read(file);
      assert.deepEqual([faultsOfSchema(file, text), faultsOfRules(text)], [[], []], file);
    }
  });

  it("call what people call", () => {
    assert.match(read(".github/workflows/ci.yml"), /run: \.ci\/run$/m);
    assert.match(read(".github/workflows/release.yml"), /npm run release:check --$/m);
    assert.match(read(".github/workflows/release.yml"), /uses: \.\/\.github\/workflows\/ci\.yml$/m);
  });

  it("are refused with a mistake in them", () =>
    everyRow(
      [
        ["a wrong key", "timeout-minutes: 60", "timeout-minute: 60", /Unexpected value 'timeout-minute'/],
        ["a wrong right", "contents: write", "content: write", /Unexpected value 'content'/],
        [
          "an unknown value",
          expression("github.token"),
          expression("gihub.token"),
          /Unrecognized named-value: 'gihub'/,
        ],
        [
          "an action by its tag",
          "actions/checkout@08c6903cd8c0fde910a37f88322edcfb5dd907a8",
          "actions/checkout@v5",
          /actions\/checkout@v5 is not pinned/,
        ],
        ["rights for all", "permissions: {}\n", "permissions:\n  contents: write\n", /all jobs may write/],
        ["default rights", "permissions: {}\n", "", /default rights/],
        [
          "rights beside others' code",
          "- run: sha256sum",
          "- run: npm ci && sha256sum",
          /publish may write, and runs code/,
        ],
        ["no deadline", "    timeout-minutes: 60\n", "", /check has no deadline/],
        [
          "a value in a script",
          '"$NODE_IMAGE"',
          expression("vars.NODE_IMAGE"),
          /check puts a value into a script/,
        ],
        ["a registry", "docker://$IMAGE_REPOSITORY", "docker://ghcr.io/x", /names a registry/],
      ] as [string, string, string, RegExp][],
      (from, to, pattern) => {
        const text = read(".github/workflows/release.yml");
        assert.ok(text.includes(from), from);
        const planted = text.replace(from, () => to);
        assert.match([...faultsOfSchema("x.yml", planted), ...faultsOfRules(planted)].join("\n"), pattern);
      },
    ));
});
