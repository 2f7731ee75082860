import { isApiError } from "../../cluster/api.ts";
import { explain } from "../../report/log.ts";
import { ConfigError } from "../../text/config-error.ts";
import { DeadlineError, withDeadline } from "../../time/deadline.ts";
import { CommandRefused } from "../admin.ts";
import { type Finding, failed, type Item, type Result, results, warning } from "./finding.ts";
import type { Look } from "./look.ts";

export type Checked = Finding & { item: string };

export interface Checkup {
  findings: readonly Checked[];
  count: Readonly<Record<Result, number>>;
}

/** An item that takes longer is given up, and the others are not kept waiting. */
const itemDeadlineMs = 15_000;

/** Runs all items side by side. Their findings come in the order of the items. */
export async function runItems(items: readonly Item[], look: Look): Promise<Checkup> {
  const found = await Promise.all(items.map((item) => runItem(item, look)));
  const findings = found.flat();
  const number = (result: Result) => findings.filter((one) => one.result === result).length;
  const count = Object.fromEntries(results.map((result) => [result, number(result)]));
  return { findings, count: count as Record<Result, number> };
}

async function runItem(item: Item, look: Look): Promise<Checked[]> {
  const { clock, signal } = look;
  try {
    const found = await withDeadline(clock, itemDeadlineMs, signal, item.name, () => item.run(look));
    return [found].flat().map((finding) => ({ item: item.name, ...finding }));
  } catch (error) {
    signal.throwIfAborted();
    return [{ item: item.name, ...faultOf(error) }];
  }
}

/** A question that is refused is no fault of the installation. */
function faultOf(error: unknown): Finding {
  if (isApiError(error, "forbidden")) return warning(`cannot be looked at: ${refusalOf(error)}`);
  if (isApiError(error) || error instanceof CommandRefused || error instanceof ConfigError)
    return failed(explain(error));
  if (error instanceof DeadlineError) return warning(`cannot be looked at: ${error.message}`);
  throw error;
}

/** The verb and the resource in the server's text; the whole text where it has another form. */
function refusalOf(error: Error): string {
  const [, verb, resource, group] =
    /cannot (\w+) resource "([^"]+)" in API group "([^"]*)"/.exec(explain(error)) ?? [];
  if (verb === undefined) return explain(error);
  return `you may not ${verb} ${resource}${group ? `.${group}` : ""}`;
}
