import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import type { V1VolumeMount } from "@kubernetes/client-node";
import type { DaemonSet } from "../../daemon/cluster/objects.ts";
import { environmentName } from "../../daemon/config/option.ts";
import { type OptionName, options, parseSettings } from "../../daemon/config/settings.ts";
import { everyRow } from "../rows.ts";
import { type PolicyRule, readManifests } from "../world/manifests.ts";

const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
const daemonSet = readManifests().find(({ kind }) => kind === "DaemonSet") as DaemonSet | undefined;
const { args = [], env = [], image, securityContext } = daemonSet?.spec?.template.spec?.containers[0] ?? {};

describe("The pod of manifests/base", () => {
  it("starts with options that there are, and of which all are allowed", () => {
    const named = Object.keys(options).map((name) => [environmentName(name), name as OptionName] as const);
    const [command, ...rest] = args.map((arg) => arg.replaceAll("$(POD_NAMESPACE)", "kube-system"));
    const given = rest.map((arg) => /^--([^=]+)=(.*)$/.exec(arg)?.slice(1) ?? assert.fail(arg));
    const fromEnvironment = env
      .filter(({ name }) => name !== "POD_NAMESPACE")
      .map(({ name, value = "n1" }) => [
        named.find(([key]) => key === name)?.[1] ?? assert.fail(name),
        value,
      ]);
    assert.equal(command, "run");
    for (const [name] of given) assert.ok((name ?? "") in options, name);
    const { reboot, need } = parseSettings(Object.fromEntries([...given, ...fromEnvironment]));
    assert.equal(reboot.machine.method, "logind");
    assert.equal(need.sentinel, undefined, "it would go before the way of the node's system");
    const paths = daemonSet?.spec?.template.spec?.containers[0]?.volumeMounts?.map(
      (mount) => mount.mountPath,
    );
    assert.ok(paths?.includes(need.runPath));
  });

  it("runs this version, without privileges", () => {
    assert.equal(image, `rebootd:${version}`);
    const { labels } = daemonSet?.spec?.template.metadata ?? {};
    assert.equal(labels?.["app.kubernetes.io/version"], version);
    const dockerfile = readFileSync(new URL("../../Dockerfile", import.meta.url), "utf8");
    assert.equal(/^ARG VERSION=(.*)$/m.exec(dockerfile)?.[1], version);
    assert.deepEqual({ ...securityContext?.capabilities }, { drop: ["ALL"] });
    assert.equal(securityContext?.allowPrivilegeEscalation, false);
    assert.equal(securityContext?.privileged, undefined);
    assert.equal(daemonSet?.spec?.template.spec?.hostPID, undefined);
  });
});

describe("The mounts of manifests/base", () => {
  const { volumeMounts = [] } = daemonSet?.spec?.template.spec?.containers[0] ?? {};
  it("are recursively read-only, where the runtime knows how", () =>
    everyRow(
      (volumeMounts as V1VolumeMount[]).map((mount) => [mount.name, mount] as const),
      ({ readOnly, recursiveReadOnly, mountPropagation }) => {
        // With another propagation the API server refuses it.
        assert.deepEqual([readOnly, recursiveReadOnly, mountPropagation], [true, "IfPossible", undefined]);
      },
    ));

  it("are those of D-Bus and of the sentinel", () => {
    assert.deepEqual(
      volumeMounts.map(({ name }) => name),
      ["run", "dbus"],
    );
  });
});

describe("Each component of the manifests", () => {
  const folder = new URL("../../manifests/components/", import.meta.url);
  const names = readdirSync(folder).sort();

  it("says first what it is for, what it needs and how to check it", () =>
    everyRow(
      names.map((name) => [name, name] as const),
      (name) => {
        const text = readFileSync(new URL(`${name}/kustomization.yaml`, folder), "utf8");
        const [purpose, needs, check, next] = text.split("\n");
        assert.match(purpose ?? "", /^# \S.*\.$/);
        assert.match(needs ?? "", /^# Needs /);
        assert.match(check ?? "", /^# To check: \S/);
        assert.match(next ?? "", /^apiVersion: /);
      },
    ));

  it("is in docs/install.md", () => {
    const text = readFileSync(new URL("../../docs/install.md", import.meta.url), "utf8");
    const [, table = ""] = /^\| component \| \|\n\|---\|---\|\n((?:\|.*\n)+)/m.exec(text) ?? [];
    assert.deepEqual([...table.matchAll(/^\| `(.+?)` \|/gm)].map(([, name]) => name).sort(), names);
  });
});

describe("The rights of the manifests", () => {
  it("have a reason beside each verb", () =>
    everyRow(
      ["base", ...["delete-pods", "hook-jobs", "kured", "surge"].map((name) => `components/${name}`)].map(
        (folder) => [folder, folder] as const,
      ),
      (folder) => {
        const granted = readManifests(folder).flatMap((object) =>
          "rules" in object ? (object.rules as PolicyRule[]).flatMap(({ verbs }) => verbs) : [],
        );
        const text = readFileSync(new URL(`../../manifests/${folder}/rbac.yaml`, import.meta.url), "utf8");
        const explained = [...text.matchAll(/^ +- ([a-z]+) # \S/gm)].map(([, verb]) => verb);
        assert.deepEqual(explained, granted);
      },
    ));
});
