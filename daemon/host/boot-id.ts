import { readHostFile } from "./need/host-file.ts";

/** A UUID with its newline needs a tenth of this. */
const bootIDMaxBytes = 400;

/**
 * The kernel's random ID of this boot, as in `status.nodeInfo.bootID` of the Node
 * (https://man7.org/linux/man-pages/man4/random.4.html).
 */
export async function readBootID(path: string): Promise<string> {
  const id = (await readHostFile(path, bootIDMaxBytes)).text.trim();
  if (!/^[0-9a-f-]{32,36}$/i.test(id)) {
    throw new Error(`${path} contains ${JSON.stringify(id.slice(0, 80))}, which is not a boot ID (a UUID)`);
  }
  return id;
}
