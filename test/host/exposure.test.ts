import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Exposure, exposureText, lookAtExposure, writableMounts } from "../../daemon/host/exposure.ts";
import { systemClock } from "../../daemon/time/clock.ts";
import { everyRow } from "../rows.ts";

const shut: Exposure = { isRoot: false, capabilities: "", writable: [], sockets: [] };
const { signal } = new AbortController();

/** Mounts below the folder /host/run, in the format of the kernel. */
const mountinfo = `
21 1 0:19 / / ro,relatime - overlay overlay rw,lowerdir=/a
22 21 0:20 / /host/run ro,nosuid shared:5 - tmpfs tmpfs rw,size=4k
23 22 0:21 / /host/run/lock rw,nosuid - tmpfs tmpfs rw,size=4k
24 22 0:22 / /host/run/a\\040b/rootfs rw master:3 propagate_from:1 - overlay overlay rw,lowerdir=/a
25 22 0:23 / /host/run/credentials rw - ramfs ramfs ro,mode=700
26 22 0:4 net:[1] /host/run/netns/x rw shared:9 - nsfs nsfs rw
27 21 0:24 / /host/runner rw - tmpfs tmpfs rw
28 21 0:25 / /run/dbus rw - tmpfs tmpfs rw
29 23 0:26 / /host/run/lock rw - tmpfs tmpfs rw`;

describe("The exposure of the host to an attacker in the daemon", () => {
  const rows: [what: string, exposure: Partial<Exposure>, text: string][] = [
    ["nothing", {}, "none"],
    ["a user", { isRoot: true }, "runs as root, which the host's D-Bus trusts"],
    ["capabilities", { capabilities: "20" }, "has the capabilities 0x20"],
    ["a socket", { sockets: ["/r/docker.sock"] }, "by permission may connect to /r/docker.sock"],
    ["mounts", { writable: ["/r/1", "/r/2"] }, "mounted writable: /r/1, /r/2"],
    [
      "many mounts",
      { isRoot: true, writable: ["/r/1", "/r/2", "/r/3", "/r/4", "/r/5"] },
      "runs as root, which the host's D-Bus trusts; mounted writable: /r/1, /r/2, /r/3 and 2 more",
    ],
  ];
  it("is shown in one line, with the first of many mounts", () =>
    everyRow(rows, (exposure, text) => assert.equal(exposureText({ ...shut, ...exposure }), text)));

  it("includes the writable mounts at and below the folders of the host, each once", () => {
    assert.deepEqual(writableMounts(mountinfo, ["/host/run", "/run/dbus"]), [
      "/host/run/lock",
      "/host/run/a b/rootfs",
      "/run/dbus",
    ]);
  });

  it("includes no mount if the text has none", () => {
    for (const text of ["", "garbage", "1 2 3 - "]) assert.deepEqual(writableMounts(text, ["/"]), []);
  });

  describe("on this machine", () => {
    let folder: string;
    beforeEach(async () => {
      folder = await mkdtemp(join(tmpdir(), "rebootd-exposure-"));
    });
    afterEach(() => rm(folder, { recursive: true }));

    it("includes a container runtime's socket, and the capabilities that the kernel shows", async () => {
      const files = { status: join(folder, "status"), mounts: join(folder, "mounts") };
      await writeFile(files.status, "Name:\tnode\nCapEff:\t0000000000000021\nCapBnd:\t000001ffffffffff\n");
      await writeFile(files.mounts, `1 2 0:1 / ${folder} rw - tmpfs tmpfs rw\n`);
      await mkdir(join(folder, "containerd"));
      const socket = join(folder, "containerd/containerd.sock");
      const server = createServer().listen(socket);
      try {
        const found = await lookAtExposure({ runPath: folder, folders: [] }, systemClock, signal, files);
        assert.deepEqual(found, {
          isRoot: process.getuid?.() === 0,
          capabilities: "21",
          writable: [folder],
          sockets: [socket],
        });
      } finally {
        server.close();
      }
    });

    it("is none without capabilities, mounts and sockets", async () => {
      const files = { status: join(folder, "status"), mounts: join(folder, "mounts") };
      await writeFile(files.status, "CapEff:\t0000000000000000\n");
      await writeFile(files.mounts, "");
      const found = await lookAtExposure({ runPath: folder, folders: [] }, systemClock, signal, files);
      assert.equal(exposureText({ ...found, isRoot: false }), "none");
    });
  });
});
