import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Api } from "../../daemon/cluster/api.ts";
import type { WholeNode } from "../../daemon/cluster/objects.ts";

/** What kube-state-metrics shows about Nodes, as far as the alerts read it: https://github.com/kubernetes/kube-state-metrics */
export async function startNodeFigures(api: Api, signal: AbortSignal) {
  const server: Server = createServer(async (_, response) => {
    try {
      const { items } = await api.list<WholeNode>("/api/v1/nodes", { signal });
      response.setHeader("content-type", "text/plain");
      response.end(items.flatMap(figuresOf).join("\n").concat("\n"));
    } catch {
      response.statusCode = 500;
      response.end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop() {
      server.close();
      server.closeAllConnections();
    },
  };
}

function figuresOf({ metadata, spec, status }: WholeNode): string[] {
  const line = (metric: string, labels: Record<string, string>, value: boolean) => {
    const all = Object.entries({ node: metadata?.name ?? "", ...labels });
    return `${metric}{${all.map(([name, text]) => `${name}=${JSON.stringify(text)}`).join()}} ${Number(value)}`;
  };
  return [
    line("kube_node_info", { os_image: "Debian GNU/Linux 12 (bookworm)" }, true),
    line("kube_node_spec_unschedulable", {}, spec?.unschedulable === true),
    ...(spec?.taints ?? []).map(({ key = "", effect = "" }) =>
      line("kube_node_spec_taint", { key, effect }, true),
    ),
    ...(status?.conditions ?? []).flatMap(({ type, status: now }) =>
      ["true", "false", "unknown"].map((state) =>
        line("kube_node_status_condition", { condition: type, status: state }, now.toLowerCase() === state),
      ),
    ),
  ];
}
