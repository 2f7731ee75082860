import assert from "node:assert/strict";
import { type Api, ApiError } from "../../daemon/cluster/api.ts";
import type { Job } from "../../daemon/cluster/objects.ts";
import { createHookJobs } from "../../daemon/hook-jobs/hook-jobs.ts";
import { lastLine, resultOf } from "../../daemon/hook-jobs/result.ts";
import { everyRow } from "../rows.ts";

const { signal } = new AbortController();
const own = { hook: "before", id: "mi9q", nodeUid: "u1" } as const;
const templates = { before: "storage/set-noout", after: "storage/unset-noout" };
const refuse = (code: "forbidden" | "server-error" | "not-found" | "already-exists") => async () => {
  throw new ApiError(`it says ${code}`, { code });
};
const jobsWith = (api: Partial<Api>) => createHookJobs({ api: api as Api, nodeName: "n1", templates });
const answering = (job: Job, api: Partial<Api> = {}) => jobsWith({ get: async <T>() => job as T, ...api });

const condition = (type: string, status = "True") => ({ status: { conditions: [{ type, status }] } }) as Job;
const ours = { metadata: { ownerReferences: [{ apiVersion: "v1", kind: "Node", name: "n1", uid: "u1" }] } };

describe("The result of a Job", () => {
  it("is there once it is Complete or Failed: its pods may still end before", () =>
    everyRow(
      [
        ["no condition", {}, "running"],
        ["Complete", condition("Complete"), "complete"],
        ["Complete, but not True", condition("Complete", "False"), "running"],
        ["SuccessCriteriaMet", condition("SuccessCriteriaMet"), "running"],
        ["FailureTarget", condition("FailureTarget"), "running"],
        ["Failed", condition("Failed"), "failed"],
        ["Suspended", condition("Suspended"), "running"],
      ] as const,
      (job, state) => assert.equal(resultOf(job).state, state),
    ));

  it("has the reason and the message of the server", () => {
    const conditions = [{ type: "Failed", status: "True", reason: "DeadlineExceeded", message: "too long" }];
    assert.deepEqual(resultOf({ status: { conditions } }), {
      state: "failed",
      message: "DeadlineExceeded: too long",
    });
  });
});

describe("A look at a Job", () => {
  const job = "storage/set-noout-before-";
  it("says what the server says, and what it does not", () =>
    everyRow(
      [
        ["it runs", answering(ours), "running"],
        ["it is complete", answering({ ...ours, ...condition("Complete") }), "complete"],
        ["it is somebody else's", answering(condition("Complete")), "failed"],
        ["it is not there", jobsWith({ get: refuse("not-found") }), "absent"],
        ["it may not be seen", jobsWith({ get: refuse("forbidden") }), "failed"],
        ["it cannot be seen now", jobsWith({ get: refuse("server-error") }), "unknown"],
      ] as const,
      async (jobs, state) => {
        const seen = await jobs.look(own, signal);
        assert.equal(seen.state, state);
        assert.ok(seen.job.startsWith(job));
      },
    ));

  const failed = { ...ours, ...condition("Failed") };
  const list: Api["list"] = async () => ({ metadata: {} as never, items: [] });
  it("does without the log where there is none, or where it cannot be read", async () => {
    const without = await answering(failed, { list }).look(own, signal);
    assert.ok(without.state === "failed");
    assert.equal(without.why, "");
    const denied = await answering(failed, { list: refuse("forbidden") }).look(own, signal);
    assert.ok(denied.state === "failed");
    assert.match(denied.why, /its log cannot be read: it says forbidden/);
  });
});

describe("The last line of the log of a Job", () => {
  const pod = (name: string, phase: string, at: string, exitCode?: number) => ({
    metadata: { name, creationTimestamp: at },
    spec: { containers: [{ name: "main" }] },
    status: {
      phase,
      containerStatuses: [
        { name: "side", state: exitCode === undefined ? { waiting: {} } : { terminated: { exitCode } } },
      ],
    },
  });
  const read = async (items: object[], text: string) => {
    const asked: { path: string; query: object | undefined }[] = [];
    const api = {
      list: async () => ({ metadata: {}, items }),
      getText: async (path: string, { query }: { query?: object }) => {
        asked.push({ path, query });
        return text;
      },
    };
    return {
      line: await lastLine(api as unknown as Api, "storage", { metadata: { uid: "u9" } }, signal),
      asked,
    };
  };

  it("is that of the youngest pod that has failed, and of its container", async () => {
    const pods = [
      pod("a", "Failed", "2026-01-01T00:00:00Z", 1),
      pod("b", "Failed", "2026-01-01T00:01:00Z", 1),
      pod("c", "Pending", "2026-01-01T00:02:00Z"),
      pod("d", "Succeeded", "2026-01-01T00:03:00Z", 0),
    ];
    const { line, asked } = await read(pods, "first\n\u001b[31mno quorum\n\n");
    assert.equal(line, "[31mno quorum");
    assert.deepEqual(asked, [
      {
        path: "/api/v1/namespaces/storage/pods/b/log",
        query: { container: "side", tailLines: 5, limitBytes: 8192 },
      },
    ]);
  });

  it("is cut, and is none where nothing was written, or no pod has started", async () => {
    const pods = [pod("a", "Failed", "2026-01-01T00:00:00Z", 1)];
    assert.equal((await read(pods, "x".repeat(1000))).line?.length, 300);
    assert.equal((await read(pods, " \n")).line, undefined);
    assert.equal((await read([pod("c", "Pending", "2026-01-01T00:02:00Z")], "")).line, undefined);
    const ended = await read([pod("d", "Succeeded", "2026-01-01T00:03:00Z", 0)], "bye");
    assert.deepEqual(ended.asked[0]?.query, { container: "main", tailLines: 5, limitBytes: 8192 });
  });
});

describe("A Job that is created", () => {
  const suspended = { spec: { suspend: true, template: { spec: { containers: [] } } } };
  it("may be there already, as the answer of the server was lost", async () => {
    await answering(suspended, { create: refuse("already-exists") }).run(own, 60_000, signal);
    const refused = answering(suspended, { create: refuse("forbidden") }).run(own, 60_000, signal);
    await assert.rejects(refused, /it says forbidden/);
  });

  it("has a second left where the deadline has passed", async () => {
    let spec: Job["spec"];
    const create = async <T>(_: string, body: unknown) => {
      ({ spec } = body as Job);
      return body as T;
    };
    await answering(suspended, { create }).run(own, -5, signal);
    assert.equal(spec?.activeDeadlineSeconds, 1);
  });
});
