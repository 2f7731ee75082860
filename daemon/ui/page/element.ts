/**
 * Elements of the page, safe by construction: texts become text nodes, and attributes that run code or load
 * something are refused.
 */
import { plainLines } from "../../text/one-line.ts";

export type Attributes = Readonly<Record<string, string | number | boolean | undefined>>;
export type Child = Node | string | undefined | false;

/** `true` sets an attribute without a value; `false` and undefined leave it out. */
export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  return filled(document.createElement(tag), attributes, children);
}

export function drawing<K extends keyof SVGElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: readonly Child[]
): SVGElementTagNameMap[K] {
  return filled(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
}

function filled<E extends Element>(made: E, attributes: Attributes, children: readonly Child[]): E {
  for (const [name, value] of Object.entries(attributes)) setSafe(made, name, value);
  made.append(...shown(children));
  return made;
}

/** Sets the attribute, or removes it. Throws for an attribute that could run code or load something. */
export function setSafe(target: Element, name: string, value: Attributes[string]): void {
  if (!safeNames.has(name)) admit(name);
  // Links go to views of the page, and to files beside it.
  if (name === "href" && !/^(#\/|[a-z]+$)/.test(String(value)))
    throw new Error(`the link ${value} leaves the page`);
  if (value === undefined || value === false) target.removeAttribute(name);
  else if (target.getAttribute(name) !== String(value === true ? "" : value))
    target.setAttribute(name, value === true ? "" : String(value));
}

/** Names of attributes that were found to be safe: thousands of tiles have the same few. */
const safeNames = new Set<string>();

function admit(name: string): void {
  if (/^on|^(style|src|srcset|srcdoc|action|formaction)$/i.test(name))
    throw new Error(`the attribute ${name} is not safe`);
  safeNames.add(name);
}

/** Sets the text if it is another one: unchanged text is no work for the browser or a screen reader. */
export function setText(target: Node, text: string): void {
  const plain = plainLines(text);
  if (target.textContent !== plain) target.textContent = plain;
}

/** Texts without characters that are not seen and change the writing direction of what is around them. */
function shown(children: readonly Child[]): (Node | string)[] {
  const there = children.filter((child) => child !== undefined && child !== false);
  return there.map((child) => (typeof child === "string" ? plainLines(child) : child));
}

/** Replaces the children; a link or button that had the focus has it again in its new form. */
export function refill(parent: Element, ...children: readonly Child[]): void {
  const focused = parent.contains(document.activeElement) ? document.activeElement : null;
  const key = focused?.getAttribute("href") ?? focused?.getAttribute("data-key");
  parent.replaceChildren(...shown(children));
  if (focused === null || parent.contains(document.activeElement) || !key) return;
  const again = [...parent.querySelectorAll<HTMLElement>("a[href], [data-key]")];
  again
    .find((one) => (one.getAttribute("href") ?? one.getAttribute("data-key")) === key)
    ?.focus({ preventScroll: true });
}
