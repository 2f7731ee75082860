import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { root } from "../image/root.ts";

const execute = promisify(execFile);
/** The longest is a build of the image, with its downloads. */
const deadlineMs = 15 * 60_000;
const outputMaxBytes = 64e6;

/**
 * Runs a program in the folder with package.json and returns its output. Throws an error that names the program and has the end of
 * what it said.
 */
export async function run(program: string, args: readonly string[], environment: NodeJS.ProcessEnv = {}) {
  try {
    const { stdout } = await execute(program, args, {
      cwd: root,
      // `npm run --silent` would silence the errors of another npm, too.
      env: { ...process.env, npm_config_loglevel: "error", ...environment },
      timeout: deadlineMs,
      killSignal: "SIGKILL",
      maxBuffer: outputMaxBytes,
    });
    return stdout;
  } catch (error) {
    const { code, stderr = "", message } = error as { code?: unknown; stderr?: string; message: string };
    if (code === "ENOENT") throw new Error(`${program} is not on the PATH`, { cause: error });
    const said = stderr.trim().split("\n").slice(-15).join("\n") || message;
    throw new Error(`${program} ${args.slice(0, 2).join(" ")} failed: ${said}`, { cause: error });
  }
}
