import assert from "node:assert/strict";
import { type ChildProcess, execFileSync, spawn } from "node:child_process";

export interface Kubectl {
  /** Such as "kubectl v1.20.2". */
  title: string;
  file: string;
}

export interface Ran {
  code: number | null;
  /** Both outputs, as a person sees them. */
  text: string;
}

/** Debian's, which is old, and a newer one. */
export function kubectls(): Kubectl[] {
  return ["KUBECTL_DEBIAN", "KUBECTL_NEWER"].map((variable) => {
    const file = process.env[variable];
    assert.ok(file, `${variable} names a kubectl; test/system/run.sh sets it`);
    return { title: `kubectl ${versionOf(file)}`, file };
  });
}

/** Of these; the other knows no components of a kustomization, which came with 1.21. */
export function newestKubectl(): Kubectl {
  return kubectls().at(-1) ?? assert.fail("there is none");
}

function versionOf(file: string): string {
  const text = execFileSync(file, ["version", "--client", "-o", "json"], { encoding: "utf8" });
  return (JSON.parse(text) as { clientVersion: { gitVersion: string } }).clientVersion.gitVersion;
}

export interface Session {
  run(args: readonly string[], environment?: Record<string, string>): Promise<Ran>;
  /** Runs it, and expects that it succeeds and says this. */
  says(args: string, what: RegExp): Promise<string>;
  /** Runs it until it has said this, then ends it. `meanwhile` begins once it has said `first`. */
  follows(args: string, first: RegExp, meanwhile: () => Promise<unknown>, then: RegExp): Promise<void>;
}

const deadlineMs = 30_000;

export function startSession({ file }: Kubectl, kubeconfig: string): Session {
  function start(args: readonly string[], environment: Record<string, string> = {}) {
    const child = spawn(file, args, {
      env: { PATH: process.env["PATH"] ?? "", HOME: "/nonexistent", KUBECONFIG: kubeconfig, ...environment },
      stdio: ["ignore", "pipe", "pipe"],
      timeout: deadlineMs,
      killSignal: "SIGKILL",
    });
    const ran: Ran = { code: null, text: "" };
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (chunk: string) => {
        ran.text += chunk;
        child.emit("said");
      });
    }
    const ended = new Promise<Ran>((resolve, reject) => {
      child.on("error", reject);
      child.on("close", (code) => {
        ran.code = code;
        child.emit("said");
        resolve(ran);
      });
    });
    return { child, ran, ended };
  }

  const session: Session = {
    run: (args, environment) => start(args, environment).ended,
    async says(args, what) {
      const { code, text } = await session.run(words(args));
      assert.equal(code, 0, `kubectl ${args}: ${text}`);
      assert.match(text, what);
      return text;
    },
    async follows(args, first, meanwhile, then) {
      const { child, ran, ended } = start(words(args));
      try {
        await untilSaid(child, ran, first);
        await meanwhile();
        await untilSaid(child, ran, then);
      } finally {
        child.kill("SIGKILL");
        await ended;
      }
    },
  };
  return session;
}

function untilSaid(child: ChildProcess, ran: Ran, what: RegExp): Promise<void> {
  return new Promise((resolve, reject) => {
    const look = () => {
      if (what.test(ran.text)) resolve();
      else if (child.exitCode !== null || child.signalCode !== null)
        reject(new Error(`ended without saying ${what}: ${ran.text}`));
      else return;
      child.off("said", look);
    };
    child.on("said", look);
    look();
  });
}

/** At blanks; quoted parts stay together. */
function words(args: string): string[] {
  return [...args.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? "");
}
