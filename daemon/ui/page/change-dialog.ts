/** The dialog that says what a change does, and makes it. */
import { type Answer, type ChangeName, changeHeaders } from "../wire.ts";
import type { Confirmation } from "./confirm.ts";
import { element } from "./element.ts";

/** Resolves with the sentence of the server once the change is made; undefined if the person has cancelled. */
export function askAndChange(confirmation: Confirmation): Promise<string | undefined> {
  const { title, sentences, action, isGrave, asksReason, asksUntil, asksUrgent } = confirmation;
  const reason = element("input", { type: "text", id: "change-reason", maxlength: 500, autocomplete: "off" });
  const until = element("input", { type: "text", id: "change-until", maxlength: 40, autocomplete: "off" });
  const urgent = element("input", { type: "checkbox", id: "change-urgent" });
  const error = element("p", { class: "error", role: "alert" });
  const cancel = element("button", { type: "button" }, "Cancel");
  const act = element("button", { type: "submit", class: isGrave ? "grave" : "strong" }, action);
  const form = element(
    "form",
    {},
    ...(asksReason ? [field("change-reason", "Reason, for others to read (optional)", reason)] : []),
    ...(asksUntil
      ? [field("change-until", "Until (optional): a time, or a duration such as 8h", until)]
      : []),
    ...(asksUrgent
      ? [
          element(
            "p",
            { class: "check" },
            urgent,
            element(
              "label",
              { for: "change-urgent" },
              "Urgent: also outside the window and despite active alerts",
            ),
          ),
        ]
      : []),
    error,
    element("div", { class: "buttons" }, cancel, act),
  );
  const dialog = element(
    "dialog",
    { "aria-labelledby": "change-title", "aria-describedby": "change-text" },
    element("h2", { id: "change-title" }, title),
    element("div", { id: "change-text" }, ...sentences.map((sentence) => element("p", {}, sentence))),
    form,
  );
  document.body.append(dialog);
  dialog.showModal();
  (asksReason ? reason : cancel).focus();

  return new Promise((resolve) => {
    let answer: string | undefined;
    cancel.addEventListener("click", () => dialog.close());
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(answer);
    });
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      act.disabled = true;
      error.textContent = "";
      const body = {
        ...confirmation.body,
        ...(reason.value.trim() !== "" && { reason: reason.value.trim() }),
        ...(until.value.trim() !== "" && { until: until.value.trim() }),
        ...(urgent.checked && { urgent: true }),
      };
      change(confirmation.change, body).then(
        (message) => {
          answer = message;
          dialog.close();
        },
        (failure: unknown) => {
          act.disabled = false;
          error.textContent = failure instanceof Error ? failure.message : String(failure);
        },
      );
    });
  });
}

function field(id: string, label: string, input: HTMLElement): HTMLElement {
  return element("p", { class: "field" }, element("label", { for: id }, label), input);
}

const deadlineMs = 30_000;

async function change(name: ChangeName, body: object): Promise<string> {
  const signal = AbortSignal.timeout(deadlineMs);
  const request = { method: "POST", headers: changeHeaders, body: JSON.stringify(body), signal };
  return await answerTo(name, request, async (response) => {
    const { message }: Answer = await response.json();
    return message;
  });
}

/** Asks the server. Throws an Error whose message is a sentence: that of the server, or that it does not answer. */
export async function answerTo<T>(
  path: string,
  request: RequestInit,
  take: (response: Response) => Promise<T>,
): Promise<T> {
  let response: Response;
  try {
    response = await fetch(path, request);
  } catch (cause) {
    throw new Error("rebootd ui does not answer. Is it still running?", { cause });
  }
  if (response.ok) return await take(response);
  const sentence = await response.json().then(
    ({ message }: Answer) => message,
    () => `the server answered ${response.status} ${response.statusText}`,
  );
  throw new Error(sentence);
}
