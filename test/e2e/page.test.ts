import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { contract } from "../../daemon/annotations/names.ts";
import { createClient } from "../../daemon/cluster/client.ts";
import { idleRecord, writeRecord } from "../../daemon/cycle/record.ts";
import { systemClock } from "../../daemon/time/clock.ts";
import type { FleetMessage, NodeDetail } from "../../daemon/ui/wire.ts";
import { createApiServer, kubeconfig, type Listening, listen } from "../kubernetes/api/server.ts";
import { createManifests } from "../world/manifests.ts";
import { bareEnvironment, program } from "../world/program.ts";

const { signal } = new AbortController();
const server = createApiServer();
let https: Listening;
let folder: string;
let child: ChildProcess;

/** Starts `rebootd ui`, and resolves with the address that it prints. */
async function startUi(...args: string[]): Promise<string> {
  child = spawn(process.execPath, [program, "ui", "--no-open", ...args], {
    env: { ...bareEnvironment, KUBECONFIG: join(folder, "kubeconfig") },
    stdio: ["ignore", "pipe", "pipe"],
    timeout: 50_000,
  });
  let err = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    err += text;
  });
  const { value: text = "" } = await (child.stdout as NodeJS.ReadableStream)[Symbol.asyncIterator]().next();
  const [address] = /^http:\/\/127\.0\.0\.1:\d+\/[\w-]{22}\/$/m.exec(String(text)) ?? [];
  return address ?? assert.fail(`${text}${err}`);
}

async function stopUi(): Promise<number | null> {
  child.kill("SIGINT");
  const [code] = await once(child, "close");
  return code;
}

/** The data of the next events of the stream, in order. */
async function* eventsOf(address: string): AsyncGenerator<{ name: string; data: FleetMessage }, undefined> {
  const response = await fetch(`${address}events`, { signal: AbortSignal.timeout(20_000) });
  let rest = "";
  for await (const part of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    const texts = `${rest}${part}`.split("\n\n");
    rest = texts.pop() ?? "";
    for (const text of texts) {
      const [, name, data] = /^event: (.*)\ndata: (.*)$/m.exec(text) ?? [];
      if (name !== undefined && data !== undefined) yield { name, data: JSON.parse(data) };
    }
  }
}

const waiting = (message: string) => {
  const since = "2026-11-01T00:00:00.000Z";
  const reasons = [{ gate: "window", code: "closed", message, since }];
  return { [contract.cycle.key]: writeRecord({ ...idleRecord(0), phase: "Waiting", since, reasons }) };
};

describe("The page of rebootd ui", () => {
  const api = createClient({ transport: server.transport(server.adminToken), clock: systemClock });

  before(async () => {
    https = await listen(server, { port: 0 });
    folder = await mkdtemp(join(tmpdir(), "rebootd-page-"));
    await writeFile(
      join(folder, "kubeconfig"),
      kubeconfig({ ...https, token: server.adminToken, user: "admin" }),
    );
    await createManifests(api, signal);
    for (const name of ["n1", "n2"])
      await api.create("/api/v1/nodes", { metadata: { name, annotations: waiting("not yet") } }, { signal });
  });
  after(async () => {
    await https.close();
    await rm(folder, { recursive: true });
  });
  afterEach(() => child.kill("SIGKILL"));

  it("shows the fleet, follows it, and writes nothing", async () => {
    server.ledger.clear();
    const address = await startUi();
    const page = await (await fetch(address)).text();
    assert.match(page, /<script type="module" src="page\.js">/);
    assert.match(await (await fetch(`${address}page.js`)).text(), /EventSource/);
    const events = eventsOf(address);
    const { value: first } = await events.next();
    assert.deepEqual(
      [first?.name, first?.data.canChange, first?.data.nodes.map(({ name, phase }) => [name, phase])],
      [
        "fleet",
        false,
        [
          ["n1", "Waiting"],
          ["n2", "Waiting"],
        ],
      ],
    );
    const detail = (await (await fetch(`${address}node/n1`)).json()) as NodeDetail;
    assert.ok(
      detail.lines.some((line) => line.includes("window (closed)")),
      detail.lines.join("\n"),
    );
    assert.equal((await fetch(`${address}pause`, { method: "POST" })).status, 405);
    const written = server.ledger.entries().filter(({ verb }) => !["get", "list", "watch"].includes(verb));
    assert.deepEqual(written, []);

    await api.patch("/api/v1/nodes/n2", { metadata: { annotations: waiting("a new reason") } }, { signal });
    const { value: second } = await events.next();
    assert.deepEqual(
      [second?.name, second?.data.nodes.map(({ name, why }) => [name, ...why])],
      ["change", [["n2", "a new reason"]]],
    );
    await events.return(undefined);
    assert.equal(await stopUi(), 0);
  });

  it("makes a change with --allow-changes, and tells of a refusal in a sentence", async () => {
    const address = await startUi("--allow-changes");
    const headers = { "content-type": "application/json", "x-rebootd": "1", origin: new URL(address).origin };
    const post = async (body: object) => {
      const answer = await fetch(`${address}pause`, { method: "POST", headers, body: JSON.stringify(body) });
      const { message } = (await answer.json()) as { message: string };
      return { status: answer.status, message };
    };
    const done = await post({ node: "n1", reason: "disk" });
    assert.deepEqual(
      [done.status, done.message.split("\n")[0]],
      [200, "paused: n1 does not reboot until rebootd resume n1"],
    );
    const missing = await post({ node: "n9" });
    assert.deepEqual(missing, { status: 409, message: 'the cluster has no Node "n9"' });
  });

  it("ends with one line and exit code 2 where its port is taken", async () => {
    const { port } = new URL(await startUi());
    const other = spawn(process.execPath, [program, "ui", "--no-open", `--port=${port}`], {
      env: { ...bareEnvironment, KUBECONFIG: join(folder, "kubeconfig") },
      timeout: 30_000,
    });
    let err = "";
    other.stderr.setEncoding("utf8").on("data", (text: string) => {
      err += text;
    });
    const [code] = await once(other, "close");
    assert.equal(code, 2);
    assert.match(
      err,
      /^rebootd: invalid value "\d+" for --port: must be a free port of 127\.0\.0\.1, .*EADDRINUSE.*\n$/,
    );
  });
});
