import type { HealthCondition } from "../../health/condition.ts";
import { placeOf } from "../../health/place.ts";
import { findServed } from "../../health/served.ts";
import type { Look } from "./look.ts";

/** The rights to read the objects of the conditions; a kind that is not served has none. */
export async function healthRights({ api, signal }: Look, conditions: readonly HealthCondition[]) {
  const rights = await Promise.all(
    conditions.map(async (condition) => {
      const served = await findServed(api, condition, signal);
      const place = served && placeOf(condition, served);
      if (place === undefined) return [];
      const { isOne, namespace, name } = place;
      const where = { ...(namespace !== undefined && { namespace }), ...(name !== undefined && { name }) };
      return [
        { verb: isOne ? "get" : "list", group: condition.group, resource: served?.plural ?? "", ...where },
      ];
    }),
  );
  return rights.flat();
}
