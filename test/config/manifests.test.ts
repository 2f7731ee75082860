import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import type { DaemonSet } from "../../daemon/cluster/objects.ts";
import { environmentName, type OptionName, options, parseConfig } from "../../daemon/config/options.ts";
import { readManifests } from "../cluster/manifests.ts";

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
    const config = parseConfig(Object.fromEntries([...given, ...fromEnvironment]));
    assert.equal(config["reboot-method"], "logind");
  });

  it("runs this version, without privileges", () => {
    assert.equal(image, `rebootd:${version}`);
    assert.deepEqual({ ...securityContext?.capabilities }, { drop: ["ALL"] });
    assert.equal(securityContext?.allowPrivilegeEscalation, false);
    assert.equal(securityContext?.privileged, undefined);
    assert.equal(daemonSet?.spec?.template.spec?.hostPID, undefined);
  });
});
