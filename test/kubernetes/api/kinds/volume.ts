/** Volumes, claims on them, their attachments to nodes, and what drivers say of a node. */
import {
  duplicate,
  type FieldError,
  forbiddenField,
  invalidValue,
  notSupported,
  required,
} from "../field-error.ts";
import { faultsOfSubdomain } from "../names.ts";
import { at, clone, ensure, equal, type Fields, fields, list, text } from "../object.ts";
import type { Rules } from "../resource.ts";
import { zeroOf } from "../schema.ts";
import { keepsStatus } from "./other.ts";

const accessModes = ["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"];
const reclaimPolicies = ["Delete", "Recycle", "Retain"];

/** Claims and volumes get the finalizer of StorageObjectInUseProtection. */
const protectedBy = (finalizer: string): Rules => ({
  ...keepsStatus,
  prepareCreate(object) {
    object["status"] = { phase: "Pending" };
    const finalizers = object.metadata.finalizers ?? [];
    if (!finalizers.includes(finalizer)) object.metadata.finalizers = [...finalizers, finalizer];
    ensure(object, "spec")["volumeMode"] ??= "Filesystem";
  },
});

const protectedClaim = protectedBy("kubernetes.io/pvc-protection");
const protectedVolume = protectedBy("kubernetes.io/pv-protection");

export const claimRules: Rules = {
  ...protectedClaim,
  validate({ spec }) {
    const errors = validateModes(spec, "at least 1 access mode is required");
    const storage = at(spec, "resources", "requests", "storage");
    return storage === undefined ? [...errors, required("spec.resources[storage]")] : errors;
  },
};

export const volumeRules: Rules = {
  ...protectedVolume,
  prepareCreate(volume, context) {
    protectedVolume.prepareCreate?.(volume, context);
    ensure(volume, "spec")["persistentVolumeReclaimPolicy"] ??= "Retain";
  },
  validate: ({ spec }) => [
    ...validateModes(spec),
    ...validateCapacity(at(spec, "capacity")),
    ...validateReclaimPolicy(at(spec, "persistentVolumeReclaimPolicy")),
    ...validateSource(fields(spec)),
  ],
};

function validateModes(spec: unknown, detail = ""): FieldError[] {
  const modes = list(at(spec, "accessModes"));
  if (modes.length === 0) return [required("spec.accessModes", detail)];
  const strange = modes.filter((mode) => !accessModes.includes(text(mode)));
  return strange.map((mode) => notSupported("spec.accessModes", mode, accessModes));
}

function validateCapacity(capacity: unknown): FieldError[] {
  const names = Object.keys(fields(capacity));
  const errors = names.length === 0 ? [required("spec.capacity")] : [];
  if (names.length === 1 && names[0] === "storage") return errors;
  return [...errors, notSupported("spec.capacity", capacity, ["storage"])];
}

function validateReclaimPolicy(policy: unknown): FieldError[] {
  if (reclaimPolicies.includes(text(policy))) return [];
  return [notSupported("spec.persistentVolumeReclaimPolicy", policy, reclaimPolicies)];
}

/** Every other field of the spec is the source of one kind of volume. */
const general = new Set([
  "accessModes",
  "capacity",
  "claimRef",
  "mountOptions",
  "nodeAffinity",
  "persistentVolumeReclaimPolicy",
  "storageClassName",
  "volumeAttributesClassName",
  "volumeMode",
]);

function validateSource(spec: Fields): FieldError[] {
  const sources = Object.keys(spec).filter((name) => !general.has(name));
  if (sources.length === 0) return [required("spec", "must specify a volume type")];
  if (!sources.includes("csi")) return [];
  return ["driver", "volumeHandle"]
    .filter((name) => !at(spec, "csi", name))
    .map((name) => required(`spec.csi.${name}`));
}

export const attachmentRules: Rules = {
  updateChecks: ["object"],
  prepareCreate(attachment) {
    attachment["status"] = zeroOf("V1VolumeAttachmentStatus");
  },
  prepareUpdate(attachment, old) {
    attachment["status"] = clone(old["status"]);
  },
  prepareStatusUpdate(attachment, old) {
    attachment["spec"] = clone(old["spec"]);
    for (const key of ["labels", "annotations", "ownerReferences"] as const) {
      (attachment.metadata as unknown as Fields)[key] = clone(old.metadata[key]);
    }
  },
  validate({ spec }) {
    const { attacher, nodeName } = fields(spec);
    // The real server asks for it twice: as it always has, and with the stricter rules of v1.
    const missing = attacher ? [] : [required("spec.attacher")];
    const faults = faultsOfSubdomain(text(nodeName));
    return [
      ...missing,
      ...validateAttached(fields(at(spec, "source"))),
      ...faults.map((fault) => invalidValue("spec.nodeName", nodeName ?? "", fault)),
      ...missing,
    ];
  },
  validateUpdate: ({ spec }, { spec: old }) =>
    equal(spec, old) ? [] : [invalidValue("spec", internalForm(fields(spec)), "field is immutable")],
};

function validateAttached({ persistentVolumeName, inlineVolumeSpec }: Fields): FieldError[] {
  const one = "must specify exactly one of inlineVolumeSpec and persistentVolumeName";
  const field = "spec.source";
  if (inlineVolumeSpec !== undefined && persistentVolumeName !== undefined) {
    return [forbiddenField(field, one)];
  }
  if (inlineVolumeSpec !== undefined || persistentVolumeName) return [];
  if (persistentVolumeName === undefined) return [required(field, one)];
  return [required(`${field}.persistentVolumeName`, "must specify non empty persistentVolumeName")];
}

/** The server shows the value in the form it has inside. */
const internalForm = ({ attacher, source, nodeName }: Fields) => ({
  Attacher: attacher ?? "",
  Source: {
    PersistentVolumeName: at(source, "persistentVolumeName") ?? null,
    InlineVolumeSpec: at(source, "inlineVolumeSpec") ?? null,
  },
  NodeName: nodeName ?? "",
});

export const driversRules: Rules = {
  validate({ spec }) {
    const seen = new Set<unknown>();
    return list(at(spec, "drivers")).flatMap((driver, i) => {
      const { name, nodeID } = fields(driver);
      const path = `spec.drivers[${i}]`;
      const errors = [
        ...(name ? [] : [required(`${path}.name`)]),
        ...(nodeID ? [] : [required(`${path}.nodeID`)]),
        ...(seen.has(name) ? [duplicate(`${path}.name`, name)] : []),
      ];
      seen.add(name);
      return errors;
    });
  },
};
