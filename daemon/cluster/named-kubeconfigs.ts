import { existsSync } from "node:fs";
import { KubeconfigError } from "./kubeconfig-error.ts";

export interface Named {
  /** The file that an option names. */
  kubeconfig: string | undefined;
  /** The files in KUBECONFIG. */
  listed: readonly string[];
}

/** Files that no option names may be missing, as in kubectl. */
export function namedFiles(kubeconfig: string | undefined, listed: readonly string[]): readonly string[] {
  return kubeconfig === undefined ? listed.filter((file) => existsSync(file)) : [kubeconfig];
}

export function noneOf(listed: readonly string[]): KubeconfigError {
  return new KubeconfigError(`no file of KUBECONFIG exists: ${listed.join(", ")}`);
}
