/** Reads the objects of conditions, and says which of them are not healthy. */
import { type Api, isApiError } from "../cluster/api.ts";
import { pagesOf } from "../cluster/pages.ts";
import { cut } from "../text/cut.ts";
import { firstOf } from "../text/list.ts";
import { shortLine } from "../text/one-line.ts";
import type { Clock } from "../time/clock.ts";
import { type Bounded, createBounded } from "./bounded.ts";
import type { HealthCondition } from "./condition.ts";
import { compileExpression, type Expression } from "./expression.ts";
import { type Place, placeOf } from "./place.ts";
import { createFindServed, type Served } from "./served.ts";

/** The reason for which a condition does not hold, or cannot be evaluated. */
export interface Unwell {
  code: "unhealthy" | "no-object" | "not-served" | "forbidden" | "cannot-tell";
  message: string;
}

/** Asks the API server about each condition; empty where all hold. Rejects only when the signal ends it. */
export type LookAtHealth = (
  conditions: readonly HealthCondition[],
  signal: AbortSignal,
) => Promise<readonly Unwell[]>;

/** The time of the processor for a page of objects. The daemon does nothing else meanwhile. */
const pageMs = 250;
/** Objects may be large: a page is about a megabyte. */
const pageObjectsMax = 100;
/** A condition is about so many objects at most. */
const objectsMax = 5000;
const namedMax = 3;
const expressionMaxChars = 150;
const faultMaxChars = 200;

interface Object {
  metadata?: { name?: string; namespace?: string };
}

type KnownServed = ReturnType<typeof createFindServed>;

export function createHealthLook(api: Api, clock: Clock): LookAtHealth {
  const served = createFindServed(api, clock);
  const within = createBounded(pageMs);
  const compiled = new Map<string, Expression>();
  const expressionOf = (text: string): Expression => {
    const expression = compiled.get(text) ?? compileExpression(text);
    compiled.set(text, expression);
    return expression;
  };

  return async (conditions, signal) => {
    const unwell: Unwell[] = [];
    // One after the other: what is in memory at a time is one page.
    for (const condition of conditions) {
      const found = await ask(condition, signal);
      if (found !== undefined) unwell.push(found);
    }
    return unwell;
  };

  async function ask(condition: HealthCondition, signal: AbortSignal): Promise<Unwell | undefined> {
    try {
      return await askAbout(api, served, condition, expressionOf(condition.expression), within, signal);
    } catch (error) {
      signal.throwIfAborted();
      const why = shortLine((error as Error).message, faultMaxChars);
      return { code: "cannot-tell", message: `cannot tell whether ${titleOf(condition)} is healthy: ${why}` };
    }
  }
}

async function askAbout(
  api: Api,
  served: KnownServed,
  condition: HealthCondition,
  expression: Expression,
  within: Bounded,
  signal: AbortSignal,
): Promise<Unwell | undefined> {
  const { group, version, kind } = condition;
  const found = await served.find(condition, signal);
  if (found === undefined) {
    const groupVersion = group === "" ? version : `${group}/${version}`;
    return { code: "not-served", message: `the cluster serves no ${kind} of ${groupVersion}` };
  }
  const place = placeOf(condition, found);
  if (place === undefined) {
    return { code: "no-object", message: `objects of ${kind} are in no namespace; name one as ${kind}/NAME` };
  }
  const verdict = createVerdict(expression, within);
  try {
    if (place.isOne) verdict.add([await api.get<Object>(place.path, { signal })]);
    else
      for await (const { items } of pagesOf<Object>(
        api,
        place.path,
        { signal },
        pageObjectsMax,
        pageObjectsMax,
      ))
        verdict.add(items);
  } catch (error) {
    if (isApiError(error, "forbidden"))
      return { code: "forbidden", message: forbiddenText(condition, found, place) };
    if (!isApiError(error, "not-found")) throw error;
    // The kind may be gone with its CustomResourceDefinition.
    served.forget(condition);
  }
  return unwellOf(condition, place, verdict);
}

function forbiddenText({ group }: HealthCondition, { plural }: Served, { isOne, namespace }: Place): string {
  const resource = group === "" ? plural : `${plural}.${group}`;
  const where = namespace === undefined ? "" : ` in ${namespace}`;
  return `rebootd may not ${isOne ? "get" : "list"} ${resource}${where}; grant it as manifests/components/health does`;
}

/** The findings about the objects so far. */
interface Verdict {
  total: number;
  unhealthy: string[];
  /** The first object about which the expression cannot tell, and why. */
  fault?: { name: string; why: string };
  add(objects: readonly Object[]): void;
}

function createVerdict(expression: Expression, within: Bounded): Verdict {
  const verdict: Verdict = {
    total: 0,
    unhealthy: [],
    add(objects) {
      verdict.total += objects.length;
      if (verdict.total > objectsMax) throw new Error(`there are more than ${objectsMax} objects`);
      within(() => {
        for (const object of objects) judge(object);
      });
    },
  };
  function judge(object: Object): void {
    const { namespace, name = "" } = object.metadata ?? {};
    const key = namespace === undefined ? name : `${namespace}/${name}`;
    try {
      if (!expression(object as Readonly<Record<string, unknown>>)) verdict.unhealthy.push(key);
    } catch (error) {
      verdict.fault ??= { name: key, why: (error as Error).message };
    }
  }
  return verdict;
}

function unwellOf(
  condition: HealthCondition,
  { isOne }: Place,
  { total, unhealthy, fault }: Verdict,
): Unwell | undefined {
  const { kind, expression } = condition;
  const shown = shortLine(cut(expression, expressionMaxChars), expressionMaxChars);
  if (total === 0) return { code: "no-object", message: `there is no ${titleOf(condition)}` };
  if (unhealthy.length > 0) {
    const names = firstOf(unhealthy, namedMax);
    const of = isOne ? `${kind} ${names} is` : `${unhealthy.length} of ${total} objects of ${kind} are`;
    const which = isOne ? "" : ` (${names})`;
    return { code: "unhealthy", message: `${of} not healthy${which}: ${shown} is false` };
  }
  if (fault === undefined) return undefined;
  const why = shortLine(fault.why, faultMaxChars);
  return {
    code: "cannot-tell",
    message: `cannot tell whether ${kind} ${fault.name} is healthy: ${why} in ${shown}`,
  };
}

/** "CephCluster rook-ceph/rook-ceph", or the kind and the namespace. */
function titleOf({ kind, place }: HealthCondition): string {
  return place.length === 0 ? kind : `${kind} ${place.join("/")}`;
}
