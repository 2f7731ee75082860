import type { HttpPost } from "../../../daemon/prometheus/server.ts";
import type { AlertmanagerModel } from "../../silence/alertmanager.ts";

/** Prometheus and Alertmanager. Daemons start before there is a world: there are no silences then. */
export function createServers(alerts: { active: boolean }) {
  let begun: { alertmanager: AlertmanagerModel; asks: (node: string) => void } | undefined;
  const of =
    (node: string): HttpPost =>
    async (url, body, signal) => {
      if (!url.includes("alertmanager")) return { status: 200, text: alertsText(alerts.active) };
      if (begun === undefined) return { status: 200, text: "[]" };
      begun.asks(node);
      return await begun.alertmanager.post(url, body, signal);
    };
  return {
    post: { of },
    begin(alertmanager: AlertmanagerModel, asks: (node: string) => void): void {
      begun = { alertmanager, asks };
    },
  };
}

function alertsText(active: boolean): string {
  const result = active ? [{ metric: { alertname: "Storm", alertstate: "firing" }, value: [0, "1"] }] : [];
  return JSON.stringify({ status: "success", data: { resultType: "vector", result } });
}
