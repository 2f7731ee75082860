/** The theme and the list of keys. */
import { element, setSafe, setText } from "./element.ts";

const themes = ["auto", "light", "dark"] as const;
type Theme = (typeof themes)[number];
const signs: Record<Theme, string> = { auto: "◐", light: "☼", dark: "☾" };
const storageKey = "rebootd-theme";

/** A button that goes through the themes; the choice is kept in the browser. */
export function themeButton(): HTMLButtonElement {
  const sign = element("span", { "aria-hidden": "true" });
  const word = element("span", { class: "word" });
  const made = element("button", { type: "button", class: "tool" }, sign, word);
  let theme = stored();
  show();
  made.addEventListener("click", () => {
    theme = themes[(themes.indexOf(theme) + 1) % themes.length] ?? "auto";
    keep(theme);
    show();
  });
  return made;

  function show(): void {
    setSafe(document.documentElement, "data-theme", theme === "auto" ? undefined : theme);
    setText(sign, signs[theme]);
    setText(word, theme);
    setSafe(made, "aria-label", `Theme: ${theme}`);
    setSafe(made, "title", `Theme: ${theme}`);
  }
}

/** Some browsers keep nothing: then each load begins with the theme of the system. */
function stored(): Theme {
  try {
    return themes.find((theme) => theme === localStorage.getItem(storageKey)) ?? "auto";
  } catch {
    return "auto";
  }
}

function keep(theme: Theme): void {
  try {
    localStorage.setItem(storageKey, theme);
  } catch {
    // It holds until the page is closed.
  }
}

const keys: readonly (readonly [key: string, what: string])[] = [
  ["/", "Search the nodes"],
  ["← → ↑ ↓", "Go from tile to tile in the grid"],
  ["Home, End", "First and last tile of the group"],
  ["PgUp, PgDn", "Group before and after"],
  ["Enter", "Open the node"],
  ["Esc", "Close a dialog, clear the search, leave a node"],
  ["?", "Show these keys"],
];

export function keysDialog(): HTMLDialogElement {
  const close = element("button", { type: "submit", class: "strong" }, "Close");
  return element(
    "dialog",
    { "aria-labelledby": "keys-title", class: "keys" },
    element("h2", { id: "keys-title" }, "Keys"),
    element(
      "dl",
      {},
      ...keys.map(([key, what]) =>
        element("div", {}, element("dt", {}, element("kbd", {}, key)), element("dd", {}, what)),
      ),
    ),
    element("form", { method: "dialog", class: "buttons" }, close),
  );
}
