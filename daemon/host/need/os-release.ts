/** Which system a host is, by the text of its os-release. Pure. */
import { type Preset, type PresetName, presets, type UnsuitedName, unsuited } from "./presets.ts";

/** A preset, or why there is none for this system, with the remedy. */
export type Recognised = { preset: PresetName } | { why: string };

/**
 * By its ID, else by the first known ID_LIKE:
 * https://www.freedesktop.org/software/systemd/man/latest/os-release.html
 */
export function recognise(osRelease: string): Recognised {
  const [id = "?"] = wordsOf(osRelease, "ID");
  const words = [id, ...wordsOf(osRelease, "ID_LIKE")];
  const names = Object.keys(presets) as PresetName[];
  // OpenShift's nodes are of rpm-ostree too. Fedora CoreOS has Fedora's ID, but no dnf on the host.
  if (isUnsuited(id)) return { why: unsuited[id] };
  if (wordsOf(osRelease, "OSTREE_VERSION").length > 0) return { preset: "ostree" };
  const found = words.flatMap((word) => names.filter((name) => (presets[name] as Preset).ids.includes(word)));
  const [preset] = found;
  return preset === undefined ? { why: unknownSystem(id) } : { preset };
}

/** A system that rebootd cannot serve. */
export function isUnsuited(id: string): id is UnsuitedName {
  return Object.hasOwn(unsuited, id);
}

function unknownSystem(id: string): string {
  const advice = "name its file or command, for example --reboot-sentinel=/run/reboot-required";
  return `its os-release says ID=${id}, whose way of saying it is not known: ${advice}`;
}

/** The words of a value, which may be quoted. */
function wordsOf(osRelease: string, key: string): string[] {
  const [, value = ""] = new RegExp(`^${key}=["']?([^"'\\n]*)`, "m").exec(osRelease) ?? [];
  return value.split(/\s+/).filter((word) => word !== "");
}
