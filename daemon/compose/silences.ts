import type { Settings } from "../config/settings.ts";
import type { Decision } from "../cycle/decision.ts";
import { noHistory, total } from "../cycle/history.ts";
import type { CycleReport } from "../cycle/ports.ts";
import { type CycleRecord, isAtRest } from "../cycle/record.ts";
import type { HttpPost } from "../prometheus/server.ts";
import type { Log } from "../report/log.ts";
import type { Metrics } from "../report/metrics.ts";
import { requiredText } from "../report/required-text.ts";
import { type CycleNow, createSilences, type Silences } from "../silence/silences.ts";
import { shortLine } from "../text/one-line.ts";
import type { Clock, Random } from "../time/clock.ts";

interface SilencingPorts {
  post: HttpPost;
  clock: Clock;
  random: Random;
  log: Log;
  metrics: Pick<Metrics, "silences">;
  report: CycleReport;
}

/** The silences that the settings ask for; undefined for none. */
export function createNodeSilences(
  { node, silences: asked }: Pick<Settings, "node" | "silences">,
  { post, clock, random, log, metrics, report }: SilencingPorts,
  signal: AbortSignal,
): Silences | undefined {
  if (asked === undefined) return undefined;
  const { alertmanagerUrl: url, timeoutMs, silences } = asked;
  return createSilences(
    {
      server: { name: "Alertmanager", url, timeoutMs, clock, post },
      nodeName: node.name,
      silences,
      random,
      onOutcome: (outcome) => metrics.silences.inc({ outcome }),
      onFailure: (error) => report.failed("silencing the alerts of this node", error),
      onRecovery: () => log.info("the alerts of this node can be silenced again"),
    },
    signal,
  );
}

/** The report, which also tells the silences what they depend on. */
export function withSilences(report: CycleReport, silences: Silences): CycleReport {
  return {
    ...report,
    decided(record, seen, decision) {
      report.decided(record, seen, decision);
      silences.follow(silencedCycle(record, decision));
    },
  };
}

const reasonMaxChars = 200;

/**
 * The cycle, from the cordon to the uncordon. A node that is overdue is no planned reboot any more, so people
 * are to hear of it. Pure.
 */
export function silencedCycle(
  record: CycleRecord,
  { overdue }: Pick<Decision, "overdue">,
): CycleNow | undefined {
  const { phase, announced, attempt, bootID = "", need, history = noHistory } = record;
  const isOver = isAtRest(record) || phase === "Settling" || phase === "Restoring";
  if (isOver || announced || overdue) return undefined;
  const number = total(Object.values(history.cycles)) + 1;
  return {
    id: `${number} (boot ${bootID.slice(0, 8)})`,
    step: `${phase} ${attempt}`,
    reason: shortLine(need === undefined ? "a reboot is needed" : requiredText(need), reasonMaxChars),
  };
}
