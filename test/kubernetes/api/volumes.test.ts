import assert from "node:assert/strict";
import { beforeEach, describe, it } from "mocha";
import { createClient } from "../../../daemon/cluster/client.ts";
import { createVirtualTime } from "../virtual-time.ts";
import { createVolume } from "../volumes.ts";
import { bodyOf } from "./bodies.ts";
import type { Fields } from "./object.ts";
import { type ApiServer, createApiServer } from "./server.ts";

const { signal } = new AbortController();
const volumes = "/api/v1/persistentvolumes";
const claims = "/api/v1/namespaces/default/persistentvolumeclaims";
const storage = "/apis/storage.k8s.io/v1";
const attachments = `${storage}/volumeattachments`;
const drivers = `${storage}/csinodes`;

const capacity = { storage: "1Gi" };
const accessModes = ["ReadWriteOnce"];
const csi = { driver: "disk.test", volumeHandle: "h" };
const volume = (changes: object) => ({ spec: { capacity, accessModes, csi, ...changes } });
const attachment = (changes: object = {}) => ({
  spec: { attacher: "disk.test", nodeName: "a", source: { persistentVolumeName: "data" }, ...changes },
});

const time = createVirtualTime(Date.parse("2026-11-24T12:00:00Z"));
let server: ApiServer;

async function send(method: "GET" | "POST" | "PATCH", path: string, body?: object, accept?: string) {
  const type = method === "PATCH" ? "application/merge-patch+json" : "application/json";
  const answer = await server.transport(server.adminToken)({
    method,
    path,
    headers: { "content-type": type, ...(accept && { accept }) },
    ...(body && { body: JSON.stringify(body) }),
    signal,
  });
  return { status: answer.status, body: JSON.parse(await bodyOf(answer)) };
}

const create = (path: string, body: object) => send("POST", path, { metadata: { name: "data" }, ...body });

/** The line of each object as `kubectl get -o wide` prints it, below the columns. */
async function printed(path: string): Promise<string[]> {
  const table = await send("GET", path, undefined, "application/json;as=Table;v=v1;g=meta.k8s.io");
  const { columnDefinitions, rows } = table.body;
  const lines = [
    columnDefinitions.map(({ name }: Fields) => name),
    ...rows.map(({ cells }: Fields) => cells),
  ];
  return lines.map((cells) => cells.join("|"));
}

describe("The kinds of storage in the simulated API server", () => {
  beforeEach(() => {
    server = createApiServer({ timers: time.timers });
  });

  describe("refuse", () => {
    const rows: [what: string, path: string, body: object, causes: string[]][] = [
      [
        "a volume of which nothing is said",
        volumes,
        {},
        [
          "spec.accessModes: Required value",
          "spec.capacity: Required value",
          'spec.capacity: Unsupported value: null: supported values: "storage"',
          "spec: Required value: must specify a volume type",
        ],
      ],
      [
        "a volume of no driver",
        volumes,
        volume({ csi: {} }),
        ["spec.csi.driver: Required value", "spec.csi.volumeHandle: Required value"],
      ],
      [
        "a mode that there is not",
        volumes,
        volume({ accessModes: ["Sometimes"] }),
        [
          'spec.accessModes: Unsupported value: "Sometimes": supported values: "ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"',
        ],
      ],
      [
        "a claim of which nothing is said",
        claims,
        {},
        [
          "spec.accessModes: Required value: at least 1 access mode is required",
          "spec.resources[storage]: Required value",
        ],
      ],
      [
        "an attachment by nobody, to an ill-named node",
        attachments,
        attachment({ attacher: "", nodeName: "-" }),
        [
          "spec.attacher: Required value",
          'spec.nodeName: Invalid value: "-"',
          "spec.attacher: Required value",
        ],
      ],
      [
        "an attachment of nothing",
        attachments,
        attachment({ source: {} }),
        [
          "spec.source: Required value: must specify exactly one of inlineVolumeSpec and persistentVolumeName",
        ],
      ],
      [
        "a driver without names",
        drivers,
        { spec: { drivers: [{}] } },
        ["spec.drivers[0].name: Required value", "spec.drivers[0].nodeID: Required value"],
      ],
    ];
    for (const [what, path, body, causes] of rows) {
      it(what, async () => {
        const answer = await create(path, body);
        assert.equal(answer.status, 422);
        const said = answer.body.details.causes.map(({ field, message }: Fields) => `${field}: ${message}`);
        assert.deepEqual(
          said.map((cause: string, i: number) => cause.slice(0, causes[i]?.length)),
          causes,
        );
      });
    }

    it("another spec of an attachment", async () => {
      await create(attachments, attachment());
      const answer = await send("PATCH", `${attachments}/data`, { spec: { nodeName: "b" } });
      assert.equal(answer.status, 422);
      assert.match(answer.body.message, /spec: Invalid value: .*"NodeName":"b"\}: field is immutable$/);
    });
  });

  it("are in the discovery, those with a status with it", async () => {
    const { body } = await send("GET", storage);
    assert.deepEqual(
      body.resources.map(({ name }: Fields) => name),
      ["csinodes", "volumeattachments", "volumeattachments/status"],
    );
  });

  it("take the state of an attachment through its status alone", async () => {
    const status = { attached: true, detachError: { time: "2026-11-24T12:00:00Z", message: "busy" } };
    const made = await create(attachments, { ...attachment(), status });
    assert.deepEqual(made.body.status, { attached: false });
    const patched = await send("PATCH", `${attachments}/data`, { status });
    assert.deepEqual(patched.body.status, { attached: false });
    const written = await send("PATCH", `${attachments}/data/status`, { status });
    assert.deepEqual(written.body.status, status);
  });

  it("show a node without drivers as Go does", async () => {
    const { body } = await create(drivers, {});
    assert.deepEqual(body.spec, { drivers: null });
    const driver = { name: "disk.test", nodeID: "a" };
    const patched = await send("PATCH", `${drivers}/data`, { spec: { drivers: [driver] } });
    assert.deepEqual(patched.body.spec, { drivers: [{ ...driver, topologyKeys: null }] });
  });

  it("are printed as kubectl shows them", async () => {
    const api = createClient({ transport: server.transport(server.adminToken), clock: time.clock });
    await createVolume({ api, signal }, { name: "data" });
    await create(claims, {
      metadata: { name: "more" },
      spec: { accessModes, resources: { requests: capacity } },
    });
    await create(attachments, attachment());
    await create(drivers, { spec: { drivers: [{ name: "disk.test", nodeID: "a" }] } });
    await time.pass(5000);
    assert.deepEqual(await printed(volumes), [
      "Name|Capacity|Access Modes|Reclaim Policy|Status|Claim|StorageClass|VolumeAttributesClass|Reason|Age|VolumeMode",
      "data|1Gi|RWO|Retain|Bound|default/data||<unset>||5s|Filesystem",
    ]);
    assert.deepEqual(await printed(claims), [
      "Name|Status|Volume|Capacity|Access Modes|StorageClass|VolumeAttributesClass|Age|VolumeMode",
      "data|Bound|data|1Gi|RWO||<unset>|5s|Filesystem",
      "more|Pending|||||<unset>|5s|Filesystem",
    ]);
    assert.deepEqual(await printed(attachments), [
      "Name|Attacher|PV|Node|Attached|Age",
      "data|disk.test|data|a|false|5s",
    ]);
    assert.deepEqual(await printed(drivers), ["Name|Drivers|Age", "data|1|5s"]);
  });
});
