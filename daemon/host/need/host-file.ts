import { constants } from "node:fs";
import { lstat, open } from "node:fs/promises";

/**
 * The beginning of a file's text, as UTF-8, and whether that is the whole text. The file is not trusted: a
 * link could lead to a secret of the daemon, and a pipe or a device could block it. Rejects for all but
 * regular files. Links in the folders above are followed, as in /var/run.
 */
export async function readHostFile(
  path: string,
  maxBytes: number,
): Promise<{ text: string; isWhole: boolean }> {
  assertRegular(path, await lstat(path));
  await using handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
  // The file may have been replaced.
  assertRegular(path, await handle.stat());
  const { buffer, bytesRead } = await handle.read({ buffer: Buffer.alloc(maxBytes) });
  return { text: buffer.toString("utf8", 0, bytesRead), isWhole: bytesRead < maxBytes };
}

function assertRegular(path: string, found: { isFile(): boolean; isSymbolicLink(): boolean }): void {
  if (found.isFile()) return;
  const what = found.isSymbolicLink() ? "a link, which is not followed" : "not a regular file";
  throw new Error(`${path} is ${what}`);
}
