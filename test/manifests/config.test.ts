import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { loadYaml } from "@kubernetes/client-node";
import { checkFile } from "../../daemon/config/file/check-file.ts";
import { nothingTyped } from "../../daemon/config/given.ts";
import { environmentName } from "../../daemon/config/option.ts";

const read = (file: string) =>
  readFileSync(new URL(`../../manifests/components/config/${file}`, import.meta.url), "utf8");

interface Patched {
  spec: {
    template: {
      spec: {
        containers: {
          env: { name: string; value: string }[];
          volumeMounts: { name: string; mountPath: string; subPath?: string }[];
        }[];
        volumes: { name: string; configMap: { name: string } }[];
      };
    };
  };
}

describe("The component for a configuration file", () => {
  const map = loadYaml<{ metadata: { name: string }; data: Record<string, string> }>(read("config-map.yaml"));
  const { patches } = loadYaml<{ patches: { patch: string }[] }>(read("kustomization.yaml"));
  const { containers, volumes } = loadYaml<Patched>(patches[0]?.patch ?? "").spec.template.spec;
  const [container] = containers;

  it("has a valid file", () => {
    const [text = ""] = Object.values(map.data);
    const { given, problems } = checkFile("config.yaml", text, nothingTyped);
    assert.deepEqual(problems, []);
    assert.ok(Object.keys(given.raw).length > 0);
  });

  it("mounts it as a folder, so that changes reach the pods, where the daemon reads it", () => {
    const [mount] = container?.volumeMounts ?? [];
    assert.equal(mount?.subPath, undefined);
    assert.deepEqual(
      volumes.map(({ name, configMap }) => [name, configMap.name]),
      [[mount?.name, map.metadata.name]],
    );
    assert.deepEqual(
      container?.env.map(({ name, value }) => [name, value]),
      [[environmentName("config"), `${mount?.mountPath}/${Object.keys(map.data)[0]}`]],
    );
  });
});
