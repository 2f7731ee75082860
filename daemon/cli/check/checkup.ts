import { isApiError } from "../../cluster/api.ts";
import { type Environment, proxyFor } from "../../cluster/proxy.ts";
import { createSend } from "../../http/send.ts";
import { items } from "./items.ts";
import { createLook, type LookOptions } from "./look.ts";
import { type Checkup, runItems } from "./run-items.ts";

export { checkText } from "./text.ts";

/**
 * Looks at everything. A server elsewhere is asked through the proxy that the environment names. Rejects with
 * the ApiError of an API server that cannot be asked at all.
 */
export async function checkup(
  options: Omit<LookOptions, "send"> & { environment: Environment },
): Promise<Checkup> {
  const { environment, ...others } = options;
  const send = createSend((server) => ({ proxy: proxyFor(server, environment), caPem: undefined }));
  const look = createLook({ ...others, send });
  await look.version().catch((error) => {
    if (isApiError(error, "unreachable", "deadline", "unauthorized")) throw error;
  });
  return await runItems(items, look);
}
