import { contract } from "../../daemon/annotations/names.ts";
import type { Lease, WholeNode } from "../../daemon/cluster/objects.ts";
import type { RawOptions } from "../../daemon/config/settings.ts";
import { parseRecord } from "../../daemon/cycle/record.ts";
import type { Failure } from "../../daemon/lock/failures.ts";
import type { SmallWorldOptions } from "./small-world.ts";
import { createStory, lease, minute } from "./story.ts";
import { type } from "./typed.ts";

type Story = ReturnType<typeof createStory>;

/** A story of several nodes, some of which fail or are not available: the usual words, and these. */
export function createCrowdStory() {
  const story = createStory();
  return { story, ...nodeWords(story), ...failureWords(story) };
}

/** Words for the state of nodes, and for what befalls them. */
function nodeWords(story: Story) {
  /** With a period so long that nothing is found by looking again only now and then. */
  async function start(
    nodes: number,
    options: RawOptions = {},
    more: Partial<SmallWorldOptions> = {},
  ): Promise<void> {
    await story.start({ period: "24h", ...options }, { nodes, ...more });
  }

  const machine = (name: string) => story.world.machine(name);
  const boots = () => story.world.machines.map((one) => one.boots.length);

  async function patch(path: string, body: object): Promise<void> {
    await story.world.api.patch(path, body, { signal: story.world.signal });
  }

  const setCordon = (name: string, unschedulable: true | null) =>
    patch(`/api/v1/nodes/${name}`, { spec: { unschedulable } });

  /** Off, and found to be so: not Ready. */
  async function powerOff(name: string): Promise<void> {
    machine(name).behaviour.comesBack = false;
    machine(name).reboot();
    await story.pass(2 * minute);
  }

  /** The reasons on a Node for which it waits. */
  async function reasonsOf(name: string): Promise<string[]> {
    const { metadata } = await story.world.api.get<WholeNode>(`/api/v1/nodes/${name}`, {
      signal: story.world.signal,
    });
    const { record } = parseRecord(metadata?.annotations?.[contract.cycle.key]);
    return (record?.phase === "Waiting" ? record.reasons : []).map(
      ({ code, message }) => `${code}: ${message}`,
    );
  }

  async function holders(): Promise<string[]> {
    const { spec } = await story.world.api.get<Lease>(lease, { signal: story.world.signal });
    return spec?.holderIdentity?.split(",") ?? [];
  }

  const waits = (name: string, code: string) => async () =>
    (await reasonsOf(name)).some((reason) => reason.startsWith(`${code}:`));

  return { start, machine, boots, patch, setCordon, powerOff, reasonsOf, holders, waits };
}

/** Words for cycles that fail, and for the failures beside the lock. */
function failureWords(story: Story) {
  const machine = (name: string) => story.world.machine(name);

  async function readFailures(path = lease): Promise<Failure[] | undefined> {
    const { metadata } = await story.world.api.get<Lease>(path, { signal: story.world.signal });
    const text = metadata?.annotations?.["rebootd.dev/failures"];
    return text === undefined ? undefined : (JSON.parse(text) as Failure[]);
  }
  const failed = async (path = lease) => ((await readFailures(path)) ?? []).map(({ node }) => node);

  const setFailures = (value: string | null, path = lease) =>
    story.world.api.patch(
      path,
      { metadata: { annotations: { "rebootd.dev/failures": value } } },
      story.world,
    );
  const failures = (...nodes: string[]) =>
    JSON.stringify(nodes.map((node) => ({ node, at: "2026-11-24T11:00:00Z", message: "why" })));

  /** The machine goes down for nobody: its reboot fails until it is mended. */
  const breakMachine = (name: string) => {
    machine(name).behaviour.goesDown = false;
  };
  const mendMachine = (name: string) => {
    machine(name).behaviour.goesDown = true;
  };

  /** A pod that never ends: the node's drain fails. */
  async function addStuckPod(name: string): Promise<void> {
    const metadata = { name: `stuck-${name}`, finalizers: ["example.com/never"] };
    const spec = { nodeName: name, containers: [{ name: "main", image: "app:1" }] };
    await story.world.api.create("/api/v1/namespaces/default/pods", { metadata, spec }, story.world);
  }

  /** These nodes begin a cycle that fails, one after the other; with their reboot, unless they are broken otherwise. */
  async function fail(
    names: readonly string[],
    breakNode = async (name: string) => breakMachine(name),
  ): Promise<void> {
    for (const name of names) {
      await breakNode(name);
      machine(name).wantReboot();
      await story.until(`${name} has failed`, async () => (await story.look()).phases[name] === "Failed");
      // It would try again: this one is broken.
      machine(name).unwantReboot();
      await story.pass(2000);
    }
  }

  const rebootd = (...args: string[]) => type(story.world, args);

  return {
    readFailures,
    failed,
    setFailures,
    failures,
    breakMachine,
    mendMachine,
    addStuckPod,
    fail,
    rebootd,
  };
}
