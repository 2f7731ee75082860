import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { openDirect, type Target } from "./socket.ts";

/** A connection that is open, with TLS if the target has it, and through the proxy if there is one. */
export async function openSocket(target: Target & { proxy?: URL | undefined }): Promise<Socket | TLSSocket> {
  if (target.proxy === undefined) return openDirect(target);
  // Without a proxy, none of this is in the memory.
  const { openTunnel } = await import("./tunnel.ts");
  return openDirect(target, await openTunnel(target.proxy, target));
}
