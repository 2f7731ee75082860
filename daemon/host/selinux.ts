/** SELinux on the host keeps containers that are not privileged from its files and its D-Bus: https://github.com/containers/container-selinux */
import { readFile } from "node:fs/promises";

/** Where the kernel says as what this process is confined, and whether that is enforced; in most containers the second is not to be seen. */
const files = { label: "/proc/self/attr/current", enforce: "/sys/fs/selinux/enforce" };

/** Types that may do what root may. */
const unconfined = new Set(["spc_t", "super_t", "unconfined_t", "unconfined_service_t"]);

/**
 * The end of a message about what was denied (EACCES, EPERM, or AccessDenied of D-Bus) where SELinux may have done it: what to add to the
 * manifests. Empty where it has not. Never rejects.
 */
export async function selinuxAdvice(error: unknown, { label, enforce } = files): Promise<string> {
  if (!isDenied(error)) return "";
  const type = selinuxTypeOf(await readOr(label, ""));
  if (type === undefined || unconfined.has(type)) return "";
  if ((await readOr(enforce, "1")).trim() === "0") return "";
  return `; SELinux confines this process as ${type}: add manifests/components/selinux`;
}

const denied = new Set(["EACCES", "EPERM", "org.freedesktop.DBus.Error.AccessDenied"]);

function isDenied(error: unknown): boolean {
  const { code, cause } = (error ?? {}) as { code?: string; cause?: unknown };
  return denied.has(code ?? "") || (cause !== undefined && isDenied(cause));
}

/** The third part of `user:role:type:level`; AppArmor writes its profile to the same file, and no such parts. */
function selinuxTypeOf(context: string): string | undefined {
  return /^[\w.-]+:[\w.-]+:([\w.-]+)(?::|\0|\s|$)/.exec(context)?.[1];
}

async function readOr(file: string, otherwise: string): Promise<string> {
  return await readFile(file, "utf8").catch(() => otherwise);
}
