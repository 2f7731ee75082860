import assert from "node:assert/strict";
import { hashOf, home, parseRoute, type Route } from "../../../daemon/ui/page/route.ts";
import { everyRow } from "../../rows.ts";

const filtered: Route = {
  view: "fleet",
  by: "pool",
  filter: { text: "a&b=c #1", phases: ["Failed", "Draining"], isTroubledOnly: true },
};

describe("The address of a view", () => {
  const routes: [string, Route][] = [
    ["#/", home],
    ["#/wave", { view: "wave" }],
    ["#/calendar", { view: "calendar" }],
    ["#/node/worker-1", { view: "node", name: "worker-1" }],
    ["#/node/a%2Fb%3F%23%25", { view: "node", name: "a/b?#%" }],
    ["#/?q=a%26b%3Dc+%231&phase=Failed%2CDraining&trouble=1&by=pool", filtered],
  ];
  it("is read as it was written", () =>
    everyRow(routes, (route) => {
      const hash = hashOf(route);
      assert.deepEqual(parseRoute(hash), route);
      assert.ok(routes.some(([known]) => known === hash));
    }));

  const odd: [string, Route][] = [
    ["", home],
    ["#", home],
    ["#/nothing", home],
    ["#/node/", home],
    ["#/?by=colour", home],
    ["#/node/%E0%A4%A", { view: "node", name: "%E0%A4%A" }],
  ];
  it("is the first view if it is no address", () =>
    everyRow(
      odd.map(([hash, route]) => [JSON.stringify(hash), [hash, route]] as const),
      ([hash, route]) => assert.deepEqual(parseRoute(hash), route),
    ));
});
