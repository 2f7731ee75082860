/** The objects of a kustomization.yaml of ours, as `kubectl kustomize` makes them: the base, components, patches. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { parse } from "yaml";
import type { DaemonSet } from "../../daemon/cluster/objects.ts";
import type { Fields } from "../kubernetes/api/object.ts";
import { jsonPatch, type Operation } from "../kubernetes/api/patch.ts";
import { strategicPatch } from "../kubernetes/api/strategic-patch.ts";
import { type ManifestObject, readManifests } from "../world/manifests.ts";

interface Patch {
  target: { kind: string; name: string };
  patch: string;
}

interface Kustomization {
  resources?: string[];
  components?: string[];
  patches?: Patch[];
}

const manifests = new URL("../../manifests/", import.meta.url);

export function kustomized(text: string): ManifestObject[] {
  const { resources, components = [], patches = [] } = parse(text) as Kustomization;
  assert.deepEqual(resources, ["manifests/base"]);
  const folders = components.map((path) => path.replace(/^manifests\//, ""));
  const added = folders.map(componentOf);
  const objects = [...readManifests(), ...added.flatMap(({ objects }) => objects)];
  const all = [...added.flatMap((component) => component.patches), ...patches];
  return all.reduce(patched, objects);
}

function componentOf(folder: string): { objects: ManifestObject[]; patches: Patch[] } {
  const file = new URL(`${folder}/kustomization.yaml`, manifests);
  const { patches = [] } = parse(readFileSync(file, "utf8")) as Kustomization;
  return { objects: readManifests(folder), patches };
}

function patched(objects: ManifestObject[], { target, patch }: Patch): ManifestObject[] {
  const change: unknown = parse(patch);
  const isIt = ({ kind, metadata }: ManifestObject) => kind === target.kind && metadata.name === target.name;
  assert.ok(objects.some(isIt), `the patch is for ${target.kind} ${target.name}, which is not there`);
  return objects.map((object) => {
    if (!isIt(object)) return object;
    const fields = object as unknown as Fields;
    const made = Array.isArray(change)
      ? jsonPatch(fields, change as Operation[])
      : strategicPatch(`V1${target.kind}`, fields, change as Fields);
    return made as ManifestObject;
  });
}

export function daemonSetOf(objects: readonly ManifestObject[]): DaemonSet {
  return (objects.find(({ kind }) => kind === "DaemonSet") ??
    assert.fail("no DaemonSet")) as unknown as DaemonSet;
}
