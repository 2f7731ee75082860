/** The recorded conversations with the API server that TEST_KUBECONFIG names. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import type { KubeConfig } from "@kubernetes/client-node";
import { Agent } from "undici";
import { kubeconfigOf } from "../../../daemon/cluster/kubeconfig.ts";
import { kubeconfigTransport } from "../../../daemon/cluster/kubeconfig-transport.ts";
import type { Transport } from "../../../daemon/cluster/transport.ts";
import { systemClock } from "../../../daemon/time/clock.ts";
import { onExternalServer, onSimulatedServer } from "../suite.ts";
import type { GoldenCase } from "./case.ts";
import { overHttps } from "./over-https.ts";
import { type Partner, runCase } from "./run.ts";

const cases = readFileSync(new URL("cases.jsonl", import.meta.url), "utf8")
  .split("\n")
  .filter(Boolean)
  .map((line) => JSON.parse(line) as GoldenCase);

onExternalServer((kubeconfig, hasControllers) => {
  const config = kubeconfigOf([kubeconfig]);
  const admin = kubeconfigTransport(config, systemClock);
  const partner: Partner = {
    transport: (token) => (token === undefined ? admin : withToken(config, token)),
    pass: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    compact: () => assert.fail("nobody can make this server forget its history"),
  };
  // Names that no earlier run has used.
  const first = Date.now() % 1_000_000;

  describe("The server answers like a real one", () => {
    for (const [index, golden] of cases.entries()) {
      const title = `${golden.name}: ${golden.about}`;
      if (hasControllers) {
        onSimulatedServer(title, "recorded without controllers", () => {});
      } else if (golden.steps.some(({ compact }) => compact)) {
        onSimulatedServer(title, "the server would have to forget its history", () => {});
      } else {
        it(title, async () => assert.deepEqual(await runCase(golden, partner, first + index), []));
      }
    }
  });
});

function withToken(config: KubeConfig, token: string): Transport {
  const cluster = config.getCurrentCluster();
  const ca = cluster?.caData ? Buffer.from(cluster.caData, "base64") : undefined;
  const agent = new Agent({
    connect: { ...(ca && { ca }), rejectUnauthorized: cluster?.skipTLSVerify !== true },
  });
  return overHttps(agent, cluster?.server ?? "", token);
}
