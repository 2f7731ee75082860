import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { systemClock } from "../../daemon/time/clock.ts";
import { startSimulatedServer } from "../kubernetes/server.ts";
import { daemonUserOn, installRights } from "../world/manifests.ts";
import { startRebootd } from "../world/rebootd.ts";
import { startWorld, type World, type WorldOptions } from "../world/world.ts";
import { kubectls, newestKubectl, type Session, startSession } from "./kubectl.ts";

const manifests = fileURLToPath(new URL("../../manifests/base", import.meta.url));

/** A world of its own with real daemons, which have these arguments and the rights of the manifests. */
async function startDaemons(args: readonly string[], options: Partial<WorldOptions> = {}): Promise<World> {
  const server = await startSimulatedServer(systemClock);
  await installRights(server);
  return await startWorld({
    server,
    nodes: 1,
    daemonUser: daemonUserOn,
    startDaemon: (place) => startRebootd(place, args),
    ...options,
  });
}

for (const kubectl of kubectls()) {
  describe(kubectl.title, () => {
    describe("on the simulated cluster", () => {
      let world: World;
      let session: Session;
      let folder: string;

      before(async () => {
        folder = mkdtempSync(join(tmpdir(), "rebootd-kubectl-"));
        const server = await startSimulatedServer(systemClock);
        world = await startWorld({
          server,
          nodes: 2,
          workloads: [{ name: "web", replicas: 2, budget: { minAvailable: 2 } }],
        });
        session = startSession(kubectl, world.adminKubeconfig);
      });
      after(async () => {
        await world.stop();
        rmSync(folder, { recursive: true });
      });

      it("sees its version", async () => {
        await session.says("version -o json", /"gitVersion": "v1\.36\.\d+"/);
      });

      it("gets nodes", async () => {
        const text = await session.says(
          "get nodes -o wide",
          /NAME +STATUS +ROLES +AGE +VERSION +INTERNAL-IP/,
        );
        assert.match(text, /\nn1 +Ready +<none> +\S+ +v\S+ +\d+\.\d+\.\d+\.\d+/);
        assert.match(text, /\nn2 +Ready/);
      });

      it("watches pods of all namespaces", async () => {
        await session.follows(
          "get pods -A -w",
          /default +web-\S+ +1\/1 +Running/,
          () => session.says("scale deployment/web --replicas=3", /deployment.apps\/web scaled/),
          /(web-\S+ +1\/1 +Running[\s\S]*){3}/,
        );
        await session.says("scale deployment/web --replicas=2", /scaled/);
        await world.until("two pods are left", async () => {
          const pods = await Promise.all(world.nodes.map((node) => node.pods()));
          return pods.flat().length === 2;
        });
      });

      it("describes a node", async () => {
        const text = await session.says("describe node n1", /Name: +n1/);
        for (const part of [
          /Ready +True/,
          /Boot ID: +[0-9a-f-]{36}/,
          /Unschedulable: +false/,
          /Non-terminated Pods:/,
        ]) {
          assert.match(text, part);
        }
      });

      it("annotates and labels", async () => {
        await session.says("annotate node n1 'example.com/note=two words'", /node\/n1 annotated/);
        await session.says(
          "get node n1 -o jsonpath={.metadata.annotations.example\\.com/note}",
          /^two words$/,
        );
        await session.says("annotate node n1 example.com/note-", /node\/n1 annotated/);
        await session.says("label node n1 pool=blue", /node\/n1 labeled/);
        await session.says("get nodes -l pool=blue -o name", /^node\/n1\n$/);
        const again = await session.run(["label", "node", "n1", "pool=green"]);
        assert.equal(again.code, 1);
        assert.match(again.text, /already has a value \(blue\)/);
      });

      it("cordons and uncordons", async () => {
        await session.says("cordon n1", /node\/n1 cordoned/);
        await session.says("cordon n1", /node\/n1 already cordoned/);
        await session.says("get node n1", /n1 +Ready,SchedulingDisabled/);
        await session.says("uncordon n1", /node\/n1 uncordoned/);
      });

      it("waits for a condition", async () => {
        await session.says(
          "wait --for=condition=Ready node/n1 node/n2 --timeout=10s",
          /node\/n1 condition met/,
        );
        const late = await session.run(["wait", "--for=condition=Ready=false", "node/n1", "--timeout=1s"]);
        assert.equal(late.code, 1);
      });

      it("drains a node, but not against a budget", async () => {
        const name = (await world.node("n1").pods()).length > 0 ? "n1" : "n2";
        const drain = ["drain", name, "--ignore-daemonsets", "--delete-emptydir-data"];
        const blocked = await session.run([...drain, "--timeout=3s"]);
        assert.equal(blocked.code, 1, blocked.text);
        assert.match(blocked.text, /Cannot evict pod as it would violate the pod's disruption budget/);
        assert.ok((await world.node(name).pods()).length > 0);
        await session.says(`patch pdb web -p '{"spec":{"minAvailable":1}}'`, /web patched/);
        await session.says(drain.join(" "), new RegExp(`node/${name} (drained|evicted)`));
        assert.deepEqual(await world.node(name).pods(), []);
        await session.says(`uncordon ${name}`, /uncordoned/);
      });

      it("applies the manifests, a second time without a change, and may do what they say", async () => {
        await session.says(`apply -k ${manifests}`, /daemonset.apps\/rebootd created/);
        const again = await session.says(`apply -k ${manifests}`, /daemonset.apps\/rebootd unchanged/);
        assert.doesNotMatch(again, /created|configured/);
        const as = "--as=system:serviceaccount:kube-system:rebootd";
        for (const [what, may] of [
          ["patch nodes", true],
          ["create pods --subresource=eviction", true],
          ["patch leases.coordination.k8s.io/rebootd -n kube-system", true],
          ["delete pods", false],
          ["update daemonsets.apps -n kube-system", false],
          ["patch leases.coordination.k8s.io/other -n kube-system", false],
          ["get secrets", false],
        ] as const) {
          const { code, text } = await session.run(["auth", "can-i", as, ...what.split(" ")]);
          assert.match(text, may ? /(^|\n)yes\n/ : /(^|\n)no/, what);
          assert.equal(code, may ? 0 : 1, `${what}: ${text}`);
        }
      });

      it("sets the lock by hand as docs/guide/lock.md says, and takes it away", async () => {
        await session.follows(
          "get lease -n kube-system rebootd -w",
          /NAME +HOLDER +AGE\nrebootd/,
          () =>
            session.says(
              `annotate -n kube-system lease rebootd 'rebootd.dev/lock={"nodeID":"manual"}'`,
              /lease.coordination.k8s.io\/rebootd annotated/,
            ),
          /\nrebootd[^\n]*\nrebootd/,
        );
        assert.equal(await world.lock(), '{"nodeID":"manual"}');
        await session.says("annotate -n kube-system lease rebootd rebootd.dev/lock-", /annotated/);
        assert.equal(await world.lock(), undefined);
      });

      it("edits the lock", async () => {
        const editor = join(folder, "editor.sh");
        const lock = '{"nodeID":"edited"}';
        // `apply` has left an annotation, so there is a place for another.
        writeFileSync(
          editor,
          `#!/bin/sh\nawk '{ print } /^  annotations:/ { print "    rebootd.dev/lock: \\047${lock.replaceAll('"', '\\"')}\\047" }' "$1" > "$1.new" && cat "$1.new" > "$1"\n`,
          { mode: 0o755 },
        );
        const { code, text } = await session.run(["edit", "-n", "kube-system", "lease", "rebootd"], {
          KUBE_EDITOR: editor,
        });
        assert.equal(code, 0, text);
        assert.match(text, /lease.coordination.k8s.io\/rebootd edited/);
        assert.equal(await world.lock(), lock);
        await world.setLock(null);
      });

      it("deletes", async () => {
        await session.says("create configmap note --from-literal=a=b", /configmap\/note created/);
        await session.says("delete configmap note", /configmap "note" deleted/);
        const gone = await session.run(["get", "configmap", "note"]);
        assert.equal(gone.code, 1);
        assert.match(gone.text, /Error from server \(NotFound\): configmaps "note" not found/);
        await session.says(`delete -k ${manifests}`, /daemonset.apps "rebootd" deleted/);
      });
    });

    describe("beside real daemons", () => {
      it("holds a roll back by the lock, lets it go on, and shows it", async () => {
        const world = await startDaemons([], { nodes: 2, rebootSeconds: 1 });
        try {
          const session = startSession(kubectl, world.adminKubeconfig);
          const annotate = "annotate -n kube-system lease rebootd";
          await session.says(`${annotate} 'rebootd.dev/lock={"nodeID":"manual"}'`, /annotated/);
          for (const node of world.nodes) node.wantsReboot();
          await world.allWaitFor("lock-manual");
          await session.follows(
            "get lease -n kube-system rebootd -w",
            /rebootd/,
            () => session.says(`${annotate} rebootd.dev/lock-`, /annotated/),
            /\nrebootd +n[12] +\S+\n/,
          );
          await world.rolled();
          assert.match(await session.says("get lease -n kube-system rebootd", /NAME/), /\nrebootd +\d+s\n/);
          const text = await session.says("describe node n1", /Events:/);
          assert.match(text, /Normal +DrainStarted +\S+( \S+)* +rebootd/);
          assert.match(text, /Normal +Returned/);
          await session.says(
            "wait --for=condition=RebootRequired=false node --all --timeout=10s",
            /node\/n2 condition met/,
          );
          assert.match(text, /\n +Drained +False .* NotDrained +the node is not drained/);
          assert.deepEqual((await world.report()).violations, []);
        } finally {
          await world.stop();
        }
      });

      it("does not lose a holder by accident, and stops one on purpose", async () => {
        const world = await startDaemons(["--reboot-delay=5s"]);
        const folder = mkdtempSync(join(tmpdir(), "rebootd-kubectl-"));
        try {
          const session = startSession(kubectl, world.adminKubeconfig);
          const node = world.node("n1");
          node.wantsReboot();
          await world.until("n1 is drained", async () => (await node.record())?.phase === "Draining");
          await session.says("get lease -n kube-system rebootd", /\nrebootd +n1 +\d+s\n/);

          const manual = [
            "annotate",
            "-n",
            "kube-system",
            "lease",
            "rebootd",
            'rebootd.dev/lock={"nodeID":"manual"}',
          ];
          const refused = await session.run(manual);
          assert.equal(refused.code, 1);
          assert.match(refused.text, /--overwrite is false but found the following declared annotation/);
          assert.match((await world.lock()) ?? "", /"nodeID":"n1"/);

          assert.equal((await session.run([...manual, "--overwrite"])).code, 0);
          await world.until("n1 waits", async () => (await node.record())?.phase === "Waiting");
          assert.equal((await node.object()).spec?.unschedulable, undefined);
          assert.equal(node.machine.boots.length, 1);

          const editor = join(folder, "editor.sh");
          writeFileSync(editor, "#!/bin/sh\nsed -i '/rebootd.dev\\/lock:/d' \"$1\"\n", { mode: 0o755 });
          const edit = ["edit", "-n", "kube-system", "lease", "rebootd"];
          const edited = await session.run(edit, { KUBE_EDITOR: editor });
          assert.match(edited.text, /lease.coordination.k8s.io\/rebootd edited/);
          // It rests, as its slot was taken away; it need not where a person asks.
          await session.says("annotate node n1 rebootd.dev/reboot-requested=go-on", /annotated/);
          await world.rolled();
          assert.equal(await world.lock(), undefined);
        } finally {
          await world.stop();
          rmSync(folder, { recursive: true });
        }
      });
    });
  });
}

describe("A drain that a budget delays", () => {
  it("is described by each kubectl on the Node, on the pod, and on the budget", async () => {
    const world = await startDaemons(["--preflight=off"], {
      rebootSeconds: 1,
      workloads: [{ name: "web", replicas: 1, budget: { minAvailable: 1 } }],
    });
    try {
      const node = world.node("n1");
      node.wantsReboot();
      const [pod] = await node.pods();
      // A drain counts as delayed after 90 seconds.
      const path = "/apis/events.k8s.io/v1/namespaces/default/events";
      const isReported = async () => {
        const { items } = await world.api.list<{ reason: string }>(path, world);
        return items.filter(({ reason }) => reason === "DrainHeldUp").length === 3;
      };
      await world.until("it is reported", isReported, 120_000);
      const why = "PodDisruptionBudget default/web allows no disruptions";
      const delays = `delays the drain of node n1: ${why}`;
      for (const kubectl of kubectls()) {
        const session = startSession(kubectl, world.adminKubeconfig);
        await session.says("describe node n1", new RegExp(`Warning +DrainHeldUp .*1 pod remains: .*${why}`));
        await session.says(
          `describe pod ${pod?.metadata.name}`,
          new RegExp(`Warning +DrainHeldUp .*${delays}`),
        );
      }
      // Debian's asks for budgets in a version of the API that is gone since Kubernetes 1.25.
      const session = startSession(newestKubectl(), world.adminKubeconfig);
      const onBudget = `refuses the eviction of ${pod?.metadata.name}, and ${delays}`;
      await session.says("describe pdb web", new RegExp(`Warning +DrainHeldUp .*${onBudget}`));
      await session.says(`patch pdb web -p '{"spec":{"minAvailable":0}}'`, /web patched/);
      await world.rolled();
      await session.says(
        "describe node n1",
        /Normal +Returned .*; wait \S+, drain \S+, boot \S+, return \S+/,
      );
      assert.deepEqual((await world.report()).violations, []);
    } finally {
      await world.stop();
    }
  }).timeout(240_000);
});
