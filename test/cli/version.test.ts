import assert from "node:assert/strict";
import { type Io, runProgram } from "../../daemon/cli/program.ts";
import { noTerminal } from "../../daemon/cli/terminal.ts";
import { type VersionedPod, versionsOf } from "../../daemon/cli/version.ts";
import { type Api, ApiError } from "../../daemon/cluster/api.ts";
import { systemClock } from "../../daemon/time/clock.ts";
import { openMessages } from "../notify/no-messages.ts";
import { everyRow } from "../rows.ts";
import { assertGolden } from "./golden.ts";

const digest = (character: string) => `sha256:${character.repeat(64)}`;
const image = "registry.example:5000/rebootd:1.2.3";

function pod(node: string, more: Partial<VersionedPod> = {}): VersionedPod {
  return { node, label: "1.2.3", image, imageID: `registry.example:5000/rebootd@${digest("a")}`, ...more };
}

const newer = { label: "1.3.0", image: "rebootd:1.3.0", imageID: digest("b") };

/** Answers a list of pods with these. */
function clusterWith(pods: readonly VersionedPod[]) {
  const asked: unknown[] = [];
  const list = async (path: string, { query }: { query: Record<string, unknown> }) => {
    asked.push([path, query["labelSelector"]]);
    return {
      items: pods.map(({ node, label, image, imageID }) => ({
        metadata: { name: `rebootd-${node}`, labels: { "app.kubernetes.io/version": label } },
        spec: {
          nodeName: node,
          containers: [
            { name: "other", image: "x" },
            { name: "rebootd", image },
          ],
        },
        status: { containerStatuses: [{ name: "rebootd", imageID }] },
      })),
      metadata: {},
    };
  };
  return { asked, api: { list } as unknown as Api };
}

async function run(api: Api, columns: number | undefined, ...args: string[]): Promise<string> {
  let text = "";
  const print = (more: string) => {
    text += more;
  };
  const io: Io = {
    environment: {},
    version: "1.2.3",
    terminal: { ...noTerminal, columns },
    out: print,
    err: print,
    clock: systemClock,
    random: Math.random,
    openMessages,
    connect: () => api,
  };
  const code = await runProgram(["version", ...args], io, () => assert.fail(), new AbortController().signal);
  return `${text}exit code ${code}\n`;
}

const failing = (code: "forbidden" | "unreachable"): Api => {
  const list = () => Promise.reject(new ApiError(`list /api/v1/pods: ${code}`, { code }));
  return { list } as unknown as Api;
};

describe("The versions", () => {
  const same = [pod("n1"), pod("n2"), pod("n3"), pod("n4")];
  const clusters: [name: string, api: Api][] = [
    ["same", clusterWith(same).api],
    ["two", clusterWith([...same, pod("n5", newer)]).api],
    ["all-newer", clusterWith([pod("n1", newer), pod("n2", newer)]).api],
    ["not-started", clusterWith([pod("n1"), pod("n2", { imageID: undefined })]).api],
    ["rebuilt", clusterWith([pod("n1"), pod("n2", { imageID: digest("c") })]).api],
    ["unknown", clusterWith([pod("n1", { label: undefined, image: `rebootd@${digest("d")}` })]).api],
    ["by-tag", clusterWith([pod("n1", { label: undefined, image: "rebootd:v1.2.3" })]).api],
    ["wrong-label", clusterWith([pod("n1", { image: "rebootd:1.3.0" })]).api],
    ["none", clusterWith([]).api],
    ["forbidden", failing("forbidden")],
    ["unreachable", failing("unreachable")],
  ];
  for (const [name, api] of clusters) {
    it(`are shown, with warnings: ${name}`, async () => {
      for (const columns of [80, 160]) assertGolden(`version/${name}-${columns}`, await run(api, columns));
      assertGolden(`version/${name}-json`, await run(api, undefined, "-o", "json"));
    });
  }

  it("are asked of no cluster with --client", async () => {
    const { api, asked } = clusterWith(same);
    assert.equal(await run(api, 80, "--client"), "this program: 1.2.3\nexit code 0\n");
    assert.match(await run(api, 80, "--client", "-o", "yaml"), /^client:\n {2}version: 1\.2\.3\n/);
    assert.deepEqual(asked, []);
  });

  it("are asked by the label of the daemons, in one namespace where that is named", async () => {
    const { api, asked } = clusterWith(same);
    await run(api, 80);
    await run(api, 80, "-n", "ops");
    const label = "app.kubernetes.io/name=rebootd";
    assert.deepEqual(asked, [
      ["/api/v1/pods", label],
      ["/api/v1/namespaces/ops/pods", label],
    ]);
  });

  const tags: [what: string, image: string, version: string | undefined][] = [
    ["a tag", "rebootd:1.2.3", "1.2.3"],
    ["a tag with v", "rebootd:v1.2.3-rc.1", "1.2.3-rc.1"],
    ["a tag and a digest", `rebootd:1.2.3@${digest("a")}`, "1.2.3"],
    ["a port", "registry:5000/rebootd", undefined],
    ["a digest alone", `rebootd@${digest("a")}`, undefined],
    ["a tag that is no version", "rebootd:latest", undefined],
  ];
  it("are those of the tag", () =>
    everyRow(tags, (image, version) => {
      const [one] = versionsOf("1.2.3", [pod("n1", { label: undefined, image })]).daemons ?? [];
      assert.equal(one?.version, version);
    }));
});
