import { spawn } from "node:child_process";
import { platform } from "node:os";

/** Programs that open an address in the browser of the person, by platform; each gets it as one argument. */
const openers: Partial<Record<NodeJS.Platform, readonly [program: string, ...args: string[]]>> = {
  darwin: ["open"],
  win32: ["rundll32", "url.dll,FileProtocolHandler"],
};
const usualOpener = ["xdg-open"] as const;

/** Opens an address, without a shell. That there is no browser is no fault: the address was printed. */
export function openBrowser(address: string): void {
  const [program, ...args] = openers[platform()] ?? usualOpener;
  const opener = spawn(program, [...args, address], { stdio: "ignore", detached: true, shell: false });
  opener.on("error", () => {});
  opener.unref();
}
