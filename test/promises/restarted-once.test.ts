import assert from "node:assert/strict";
import type { KubeObject } from "../kubernetes/api/object.ts";
import type { Change } from "../kubernetes/api/store.ts";
import { nodeObject, startedAt } from "./builders.ts";
import { watchRestarts } from "./restarted-once.ts";

const cordonedAt = new Date(startedAt).toISOString();
const later = new Date(startedAt + 60_000).toISOString();

interface Facts {
  restartedAt?: string;
  replicas?: number;
  image?: string;
  labels?: Record<string, string>;
}

function deployment({ restartedAt, replicas = 1, image = "app:1", labels }: Facts = {}): KubeObject {
  const metadata = { name: "web", uid: "u", resourceVersion: "1", creationTimestamp: cordonedAt };
  const annotations = restartedAt && { "kubectl.kubernetes.io/restartedAt": restartedAt };
  const template = { metadata: { ...(annotations && { annotations }) }, spec: { containers: [{ image }] } };
  return { metadata: { ...metadata, ...(labels && { labels }) }, spec: { replicas, template } };
}

/** n1 drains from the start on. */
function createScene() {
  const said: string[] = [];
  const listeners = new Map<string, (change: Change, user: string) => void>();
  watchRestarts({
    onChange: (resource, listener) => void listeners.set(resource, listener),
    violate: (promise) => said.push(promise),
  });
  const tell = (resource: string, object: KubeObject, previous: KubeObject, user: string) =>
    listeners.get(resource)?.({ type: "MODIFIED", object, previous } as Change, user);
  const node = nodeObject("n1", { record: { phase: "Draining", since: cordonedAt } });
  tell("nodes", node, node, "rebootd:n1");
  return {
    said,
    write: (before: Facts, after: Facts, user = "rebootd:n1") =>
      tell("deployments.apps", deployment(after), deployment(before), user),
  };
}

describe("The promise about restarts of Deployments", () => {
  it("holds for one in a drain, by the time of its cordon", () => {
    const { said, write } = createScene();
    write({}, { restartedAt: cordonedAt });
    assert.deepEqual(said, []);
  });

  it("is nothing to others, who change what they want", () => {
    const { said, write } = createScene();
    write({}, { restartedAt: later, replicas: 5, image: "app:2" }, "controllers");
    assert.deepEqual(said, []);
  });

  const rows: [row: string, before: Facts, after: Facts, user: string, promise: string][] = [
    ["of another time", {}, { restartedAt: later }, "rebootd:n1", "a drain restarts a Deployment"],
    [
      "of a node that does not drain",
      {},
      { restartedAt: cordonedAt },
      "rebootd:n2",
      "a drain restarts a Deployment",
    ],
    [
      "of one with several pods",
      { replicas: 2 },
      { replicas: 2, restartedAt: cordonedAt },
      "rebootd:n1",
      "only a single replica is replaced",
    ],
    ["with another image", {}, { image: "app:2" }, "rebootd:n1", "a daemon only restarts a Deployment"],
    ["with a label", {}, { labels: { a: "b" } }, "rebootd:n1", "a daemon only restarts a Deployment"],
  ];
  for (const [row, before, after, user, promise] of rows) {
    it(`is broken by one ${row}`, () => {
      const { said, write } = createScene();
      write(before, after, user);
      assert.deepEqual(said, [promise]);
    });
  }

  it("is broken by a second one in a drain", () => {
    const { said, write } = createScene();
    write({}, { restartedAt: cordonedAt });
    write({ restartedAt: later }, { restartedAt: cordonedAt });
    assert.deepEqual(said, ["a Deployment is restarted once in a drain"]);
  });
});
