/** The head of the page: where it is, whether it is live, and what holds all nodes. */

import { lockAll, pauseAll, resumeAll, unlockAll } from "./confirm.ts";
import { type Connection, connectionText, outageText } from "./connection.ts";
import { element, refill, setSafe, setText } from "./element.ts";
import type { Fleet } from "./fleet.ts";
import { ago, button, notice, type Page } from "./page.ts";
import type { Route } from "./route.ts";
import { timeOf } from "./times.ts";

export interface Head {
  element: HTMLElement;
  notices: HTMLElement;
  update(fleet: Fleet): void;
  connection(connection: Connection, now: number): void;
  route(route: Route): void;
}

const views = [
  ["fleet", "#/", "Fleet"],
  ["wave", "#/wave", "Wave"],
  ["calendar", "#/calendar", "Calendar"],
] as const;

export function createHead(page: Page, tools: readonly HTMLElement[]): Head {
  const cluster = element("span", { class: "cluster" });
  const links = views.map(([view, href, text]) => ({ view, link: element("a", { href }, text) }));
  const state = element("p", { class: "connection", "data-state": "wait" }, "Connecting…");
  const actions = element("div", { class: "actions" });
  const notices = element("section", { class: "notices", "aria-label": "Notices" });
  const outage = element("p");
  const last = element("p", {}, "The page shows the last known state.");
  const old = notice("warn", outage, last);
  notices.hidden = old.hidden = true;
  let shown = "";
  return {
    element: element(
      "header",
      { class: "top" },
      element(
        "div",
        { class: "brand" },
        element("span", { class: "logo", "aria-hidden": "true" }, "↻"),
        "rebootd",
      ),
      cluster,
      element("nav", { "aria-label": "Views" }, ...links.map(({ link }) => link)),
      element("div", { class: "spacer" }),
      state,
      actions,
      element("div", { class: "tools" }, ...tools),
    ),
    notices,
    update(fleet) {
      setText(cluster, fleet.head.cluster);
      const { at: _, slots: __, count: ___, ...rest } = fleet.head;
      const now = JSON.stringify(rest);
      if (now === shown) return;
      shown = now;
      const found = noticesOf(page, fleet);
      notices.hidden = found.length === 0 && old.hidden;
      refill(notices, old, ...found);
      refill(actions, ...(fleet.head.canChange ? actionsOf(page, fleet) : []));
    },
    connection(connection, now) {
      const [kind, text] = connectionText(connection, now);
      setSafe(state, "data-state", kind);
      setText(state, text);
      const sentence = outageText(connection, now);
      old.hidden = sentence === undefined;
      last.hidden = connection.seenAt === undefined;
      notices.hidden = old.hidden && notices.childElementCount <= 1;
      setText(outage, sentence ?? "");
      if (!old.isConnected) notices.prepend(old);
      const { seenAt } = connection;
      if (seenAt !== undefined)
        setSafe(state, "title", `State of the cluster at ${page.times.exact(seenAt)}`);
    },
    route({ view }) {
      const current = view === "node" ? "fleet" : view;
      for (const one of links) setSafe(one.link, "aria-current", one.view === current ? "page" : undefined);
    },
  };
}

function noticesOf(page: Page, { head }: Fleet): HTMLElement[] {
  const { halted, failuresMessage, pausedMessage, lock, manual, misread, canChange } = head;
  const resume = canChange && button("Resume all…", { class: "strong" }, () => page.confirm(resumeAll()));
  const unlock = canChange && button("Unlock…", { class: "strong" }, () => page.confirm(unlockAll(manual)));
  const found: HTMLElement[] = [];
  if (halted) {
    const [title = "HALTED", text = ""] = splitOnce(failuresMessage ?? "HALTED: no node starts a reboot");
    const halt = notice("bad", element("strong", { class: "notice-title" }, title), element("p", {}, text));
    halt.classList.add("halt");
    if (resume !== false) halt.append(resume);
    found.push(halt);
  } else if (failuresMessage !== undefined) found.push(notice("warn", failuresMessage));
  if (lock.state === "unreadable") found.push(notice("bad", `The lock cannot be read: ${lock.message}`));
  if (pausedMessage !== undefined) {
    const paused = notice("warn", element("strong", {}, "Paused: "), pausedMessage);
    if (resume !== false) paused.append(halted ? "" : resume);
    found.push(paused);
  }
  if (lock.state === "manual") {
    const locked = notice(
      "warn",
      element("strong", {}, "Locked manually: no node starts a reboot."),
      element(
        "ul",
        {},
        ...manual.map(({ name, since, reason }) =>
          element(
            "li",
            {},
            name,
            reason === undefined ? "" : `: ${reason}`,
            timeOf(since) !== undefined && ago(page, since, " (for ", ")"),
          ),
        ),
      ),
    );
    if (unlock !== false) locked.append(unlock);
    found.push(locked);
  }
  return [...found, ...misread.map((one) => notice("warn", `Not understood: ${one}`))];
}

function splitOnce(text: string): [string, string] {
  const at = text.indexOf(": ");
  return at === -1 ? [text, ""] : [text.slice(0, at), text.slice(at + 2)];
}

function actionsOf(page: Page, { head, nodes }: Fleet): HTMLElement[] {
  const { pausedMessage, lock } = head;
  return [
    ...(pausedMessage === undefined
      ? [button("Pause all…", {}, () => page.confirm(pauseAll(nodes.size)))]
      : []),
    ...(lock.state === "manual" ? [] : [button("Lock…", {}, () => page.confirm(lockAll()))]),
  ];
}
