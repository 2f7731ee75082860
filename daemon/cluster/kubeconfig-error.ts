/** A kubeconfig that cannot be used; the message names the file and its fault. */
export class KubeconfigError extends Error {
  override readonly name = "KubeconfigError";
}
