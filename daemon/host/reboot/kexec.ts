import { readHostFile } from "../need/host-file.ts";

/** Reads 1 once a kernel is loaded: https://docs.kernel.org/admin-guide/abi-testing.html#abi-file-testing-sysfs-kernel-kexec */
const loadedFile = "/sys/kernel/kexec_loaded";
const loadedMaxBytes = 10;

/** The reason why the machine cannot go by kexec now: no kernel is loaded, or the file cannot be read. */
export async function whyNoKexec(file = loadedFile): Promise<string | undefined> {
  try {
    const text = (await readHostFile(file, loadedMaxBytes)).text.trim();
    return text === "1" ? undefined : `no kernel is loaded for kexec: ${file} reads ${JSON.stringify(text)}`;
  } catch (error) {
    return `cannot tell whether a kernel is loaded for kexec: ${(error as Error).message}`;
  }
}
