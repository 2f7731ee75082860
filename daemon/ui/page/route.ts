/** The address of a view, after the `#`: links, back and bookmarks work. Pure. */
export const groupings = ["zone", "pool", "phase", "none"] as const;
export type Grouping = (typeof groupings)[number];

export interface Filter {
  /** A part of the name, zone, pool or of a reason; in any case. */
  text: string;
  /** Empty: all. */
  phases: readonly string[];
  isTroubledOnly: boolean;
}

export type Route =
  | { view: "fleet"; by: Grouping; filter: Filter }
  | { view: "wave" }
  | { view: "calendar" }
  | { view: "node"; name: string };

export const home: Route = {
  view: "fleet",
  by: "zone",
  filter: { text: "", phases: [], isTroubledOnly: false },
};

/** An address that is no view is the first view. */
export function parseRoute(hash: string): Route {
  const [path = "", query = ""] = hash.replace(/^#?\/?/, "").split("?", 2);
  if (path === "wave" || path === "calendar") return { view: path };
  const [, name] = /^node\/(.+)$/.exec(path) ?? [];
  if (name !== undefined) return { view: "node", name: decoded(name) };
  const asked = new URLSearchParams(query);
  const phases = (asked.get("phase") ?? "").split(",").filter((phase) => phase !== "");
  return {
    view: "fleet",
    by: groupings.find((one) => one === asked.get("by")) ?? "zone",
    filter: { text: asked.get("q") ?? "", phases, isTroubledOnly: asked.get("trouble") === "1" },
  };
}

export function hashOf(route: Route): string {
  if (route.view === "node") return `#/node/${encodeURIComponent(route.name)}`;
  if (route.view !== "fleet") return `#/${route.view}`;
  const { text, phases, isTroubledOnly } = route.filter;
  const query = new URLSearchParams();
  if (text !== "") query.set("q", text);
  if (phases.length > 0) query.set("phase", phases.join(","));
  if (isTroubledOnly) query.set("trouble", "1");
  if (route.by !== "zone") query.set("by", route.by);
  return query.size === 0 ? "#/" : `#/?${query}`;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
