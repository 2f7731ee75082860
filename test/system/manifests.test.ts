import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { kubectls, startSession } from "./kubectl.ts";

const manifests = fileURLToPath(new URL("../../manifests", import.meta.url));
const components = readdirSync(join(manifests, "components"));

/** Components came with the kustomize of 1.21. */
const knowsComponents = ({ title }: { title: string }) => Number(/v1\.(\d+)/.exec(title)?.[1]) >= 21;

for (const kubectl of kubectls().filter(knowsComponents)) {
  describe(`The manifests, by ${kubectl.title}`, () => {
    let folder: string;
    beforeEach(() => {
      folder = mkdtempSync(join(tmpdir(), "rebootd-manifests-"));
    });
    afterEach(() => rmSync(folder, { recursive: true }));

    async function render(names: readonly string[]): Promise<string> {
      const way = (name: string) => relative(folder, join(manifests, name));
      const kustomization = {
        resources: [way("base")],
        components: names.map((name) => way(`components/${name}`)),
      };
      writeFileSync(join(folder, "kustomization.yaml"), JSON.stringify(kustomization));
      const { code, text } = await startSession(kubectl, "/nonexistent").run(["kustomize", folder]);
      assert.equal(code, 0, text);
      assert.doesNotMatch(text, /^# ?Warning/im);
      return text;
    }

    for (const name of components) {
      it(`are clean with ${name}`, async () => {
        assert.notEqual(await render([name]), await render([]));
      });
    }

    it("go into another namespace as a whole, with all components", async () => {
      const text = await render(components);
      assert.deepEqual(
        [...new Set(text.match(/^ +namespace: .*/gm)?.map((line) => line.trim()))],
        ["namespace: rebootd"],
      );
    });
  });
}
