import type { HealthCondition } from "../health/condition.ts";
import { Refusal, type ValueType, value } from "./value-type.ts";

/** A longer one is a program, which belongs elsewhere. */
const textMaxChars = 2000;
const dnsName = "[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?";
/** The group of a custom kind has a dot, and none of Kubernetes' own looks like a version. */
const form = new RegExp(
  `^(?:(${dnsName})/)?(v[0-9]+(?:(?:alpha|beta)[0-9]+)?)/([A-Z][A-Za-z0-9]*)(?:/(${dnsName})(?:/(${dnsName}))?)?:[ \\t\\r\\n]*([^ \\t\\r\\n][\\s\\S]*)$`,
);

/**
 * Objects, and an expression about each. The expression itself is compiled later, because its language is
 * loaded only where it is used: see expressions.ts.
 */
export const healthCondition: ValueType<HealthCondition> = value(
  "must be GROUP/VERSION/KIND[/NAMESPACE[/NAME]]: EXPRESSION, for example ceph.rook.io/v1/CephCluster/rook-ceph/rook-ceph: status.ceph.health == 'HEALTH_OK'",
  { text: { pattern: form, lengthMax: textMaxChars } },
  (given) => {
    const [, group = "", version, kind, namespace, name, expression = ""] = form.exec(given) ?? [];
    if (version === undefined || kind === undefined) return undefined;
    if (group === "" && kind === "Secret") return new Refusal("Secrets are never read");
    if (given.length > textMaxChars) return new Refusal(`it has more than ${textMaxChars} characters`);
    const place = [namespace, name].filter((word) => word !== undefined);
    return { group, version, kind, place, expression: expression.trimEnd() };
  },
);
