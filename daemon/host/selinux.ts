/**
 * SELinux on the host denies unprivileged containers access to its files and its D-Bus:
 * https://github.com/containers/container-selinux
 */
import { readFile } from "node:fs/promises";

/**
 * Files of the kernel with the label of this process, and the mode of SELinux. Most containers cannot see the
 * second one.
 */
const files = { label: "/proc/self/attr/current", enforce: "/sys/fs/selinux/enforce" };

/** Types without restrictions. */
const unconfined = new Set(["spc_t", "super_t", "unconfined_t", "unconfined_service_t"]);

/**
 * Advice on the manifests, to append to the message of an error, if SELinux may have denied the access
 * (EACCES, EPERM, or AccessDenied of D-Bus). Empty otherwise. Never rejects.
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

/**
 * The third part of `user:role:type:level`. AppArmor's profile is in the same file, but has no such parts.
 */
function selinuxTypeOf(context: string): string | undefined {
  return /^[\w.-]+:[\w.-]+:([\w.-]+)(?::|\0|\s|$)/.exec(context)?.[1];
}

async function readOr(file: string, otherwise: string): Promise<string> {
  return await readFile(file, "utf8").catch(() => otherwise);
}
