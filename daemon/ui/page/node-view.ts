/** One node: the text of `rebootd explain`, its last cycles and its events; with the right, buttons. */
import type { NodeDetail, NodeTile, PastCycle } from "../wire.ts";
import { pauseNode, rebootNode, releaseSlot, resumeNode } from "./confirm.ts";
import { element, refill, setSafe, setText } from "./element.ts";
import { nested, stepsIn } from "./explanation.ts";
import { type Fleet, isTroubled } from "./fleet.ts";
import { ago, button, notice, type Page, phaseBadge, table, type View } from "./page.ts";
import { hashOf, type Route } from "./route.ts";
import { exactSpan } from "./times.ts";
import { resultWords } from "./wave-view.ts";

/** The explanation has reasons that are not in the tile, so it is read again after this long. */
const rereadMs = 30_000;
/** Changes of a tile come in rows; one look is for all of them. */
const gatherMs = 400;

/** `back`: the view that the person came from. */
export function createNodeView(page: Page, name: string, back: Route): View {
  const facts = element("div", { class: "row-head facts" });
  const actions = element("div", { class: "actions" });
  const explanation = element("div", { class: "explanation" }, element("p", { class: "muted" }, "Reading…"));
  const error = element("div", {});
  const history = element("div", {});
  const events = element("div", {});
  const ending = new AbortController();
  let shownTile = "";
  let readAt = page.now();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isReading = false;

  async function reread(): Promise<void> {
    if (isReading || ending.signal.aborted) return;
    isReading = true;
    readAt = page.now();
    try {
      const signal = AbortSignal.any([ending.signal, AbortSignal.timeout(30_000)]);
      const detail = await page.read<NodeDetail>(`node/${encodeURIComponent(name)}`, signal);
      refill(error);
      refill(explanation, ...explanationOf(detail.lines));
      refill(history, historyOf(page, detail.history));
      refill(events, eventsOf(page, detail));
    } catch (failure) {
      if (ending.signal.aborted) return;
      const sentence = failure instanceof Error ? failure.message : String(failure);
      refill(
        error,
        notice(
          "bad",
          element("p", {}, sentence),
          button("Try again", {}, () => void reread()),
        ),
      );
      if (explanation.textContent === "Reading…") refill(explanation);
    } finally {
      isReading = false;
    }
  }

  void reread();
  return {
    title: name,
    element: element(
      "article",
      { class: "node" },
      element("p", { class: "back" }, element("a", { href: hashOf(back) }, "← Fleet")),
      element("h1", { tabindex: -1 }, name),
      facts,
      actions,
      error,
      element("section", { class: "panel" }, element("h2", {}, "What it does, and why"), explanation),
      element("section", { class: "panel" }, element("h2", {}, "Last cycles"), history),
      element("section", { class: "panel" }, element("h2", {}, "Events"), events),
    ),
    update(fleet) {
      const node = fleet.nodes.get(name);
      const tile = JSON.stringify([node, fleet.head.canChange, fleet.head.halted, fleet.head.pausedMessage]);
      if (tile === shownTile) return;
      if (shownTile !== "") {
        clearTimeout(timer);
        timer = setTimeout(() => void reread(), gatherMs);
      }
      shownTile = tile;
      refill(facts, ...factsOf(page, node));
      refill(actions, ...(fleet.head.canChange && node !== undefined ? actionsOf(page, node, fleet) : []));
    },
    tick() {
      if (page.now() - readAt >= rereadMs) void reread();
    },
    leave() {
      clearTimeout(timer);
      ending.abort();
    },
  };
}

function factsOf(page: Page, node: NodeTile | undefined): (HTMLElement | string | false)[] {
  if (node === undefined) return [notice("warn", "The cluster has no such node now.")];
  const { phase, since, zone, pool, isReady, holdsSlot, neededSince, priority } = node;
  const word = (text: string, look = "") => element("span", { class: `badge ${look}` }, text);
  return [
    phaseBadge(phase),
    phase !== "Idle" && ago(page, since, "for "),
    isTroubled(node) && word("! trouble", "bad"),
    holdsSlot && word("holds a slot", "slot"),
    isReady === false && word("not Ready", "bad"),
    neededSince !== undefined && ago(page, neededSince, "reboot needed for "),
    zone !== undefined && word(`zone ${zone}`),
    pool !== undefined && word(`pool ${pool}`),
    priority !== "normal" && word(`priority ${priority}`),
  ];
}

function actionsOf(page: Page, { name, phase, holdsSlot }: NodeTile, { nodes }: Fleet): HTMLElement[] {
  const isThere = nodes.has(name) && phase !== "Gone";
  return [
    ...(isThere
      ? [
          button("Reboot…", { class: "grave" }, () => page.confirm(rebootNode(name, phase))),
          button("Pause…", {}, () => page.confirm(pauseNode(name))),
          button("Resume…", {}, () => page.confirm(resumeNode(name))),
        ]
      : []),
    ...(holdsSlot ? [button("Take the slot…", {}, () => page.confirm(releaseSlot(name)))] : []),
  ];
}

function explanationOf(lines: readonly string[]): HTMLElement[] {
  return nested(lines).map(({ text, under }, index) => {
    if (text === "next:") return stepsOf(under);
    return element(
      "div",
      { class: index === 0 ? "line lead" : "line" },
      element("p", {}, text),
      under.length > 0 && element("ul", {}, ...under.map((one) => element("li", {}, one))),
    );
  });
}

/** Commands for the next step, to be copied into a terminal. */
function stepsOf(lines: readonly string[]): HTMLElement {
  const rows = stepsIn(lines).map(({ command, purpose }) => {
    const copy = button("Copy", { "aria-label": `Copy ${command}`, "data-key": command }, () => {
      navigator.clipboard.writeText(command).then(
        () => {
          setText(copy, "Copied");
          setSafe(copy, "aria-label", `Copied ${command}`);
        },
        // A browser may refuse: the command can be selected all the same.
        () => copy.remove(),
      );
    });
    return element(
      "li",
      {},
      element("code", {}, command),
      copy,
      element("span", { class: "muted" }, purpose),
    );
  });
  return element("div", { class: "line step" }, element("h3", {}, "Next step"), element("ul", {}, ...rows));
}

const parts = ["waitMs", "drainMs", "bootMs", "returnMs"] as const;
const partWords = { waitMs: "Wait", drainMs: "Drain", bootMs: "Boot", returnMs: "Return" } as const;

function historyOf(page: Page, history: readonly PastCycle[]): HTMLElement {
  if (history.length === 0) return element("p", { class: "muted" }, "No cycle has ended yet.");
  const head = ["Ended", "Result", ...parts.map((part) => partWords[part]), "Why", "Message"];
  return table(
    "Last cycles",
    head,
    history.map((cycle) => [
      ago(page, cycle.at, "", " ago"),
      element(
        "span",
        { class: `result ${cycle.result}` },
        { rebooted: "✓ ", failed: "✕ ", withdrawn: "↩ " }[cycle.result],
        resultWords[cycle.result],
      ),
      ...parts.map((part) => (cycle[part] === undefined ? "–" : exactSpan(cycle[part]))),
      cycle.why || "–",
      cycle.message,
    ]),
  );
}

function eventsOf(page: Page, { events }: NodeDetail): HTMLElement {
  if (events.length === 0)
    return element("p", { class: "muted" }, "The cluster keeps no events of this node.");
  return table(
    "Events",
    ["Last seen", "Type", "Reason", "Message", "Count"],
    events.map(({ at, type, reason, message, count }) => [
      ago(page, at, "", " ago"),
      element(
        "span",
        { class: type === "Warning" ? "result failed" : "" },
        type === "Warning" ? "! Warning" : type,
      ),
      reason,
      message,
      String(count),
    ]),
  );
}
