import { firstOf } from "../text/list.ts";
import { type MessageKind, messageKindNames } from "./message.ts";

/** The facts of a message that a template can name; a fact that the message does not have is an empty text. */
export const templateFacts = {
  node: "the name of the node that the message is about",
  cluster: "the value of --cluster-name",
  event: "the reason of the event, such as DrainFailed",
  reasons: "the cause of the reboot, such as the packages",
  duration: "how long the reboot has been needed; for done how long the cycle took",
  text: "the sentence without a template",
  runbook: "the page that says what to do",
} as const;

export type TemplateFacts = Readonly<Record<keyof typeof templateFacts, string>>;

/** Makes the text of a message. */
export type Template = (facts: TemplateFacts) => string;

const names = Object.keys(templateFacts) as (keyof TemplateFacts)[];
const place = /\{([^{}]*)\}/g;

/** A text with {NAME} for each fact. Throws an Error whose message is a rule. */
export function parseTemplate(text: string): Template {
  for (const [, name = ""] of text.matchAll(place)) {
    if (isFact(name)) continue;
    throw new Error(
      `must have in braces only ${firstOf(names, names.length)}, but has {${name.slice(0, 20)}}`,
    );
  }
  return (facts) => text.replace(place, (_, name: keyof TemplateFacts) => facts[name]);
}

function isFact(name: string): name is keyof TemplateFacts {
  return (names as readonly string[]).includes(name);
}

/**
 * The form of kured's templates: %s for the node, and %% for a percent sign
 * (https://kured.dev/docs/configuration/#notifications). Throws an Error whose message is a rule.
 */
export function parsePercentTemplate(text: string): Template {
  if (/[^\n\P{Cc}]/u.test(text)) {
    throw new Error("must be a text without control characters, for example Draining node %s");
  }
  const verbs = [...text.matchAll(/%(.?)/gs)].map(([verb]) => verb);
  const wrong = verbs.find((verb) => verb !== "%s" && verb !== "%%");
  if (wrong !== undefined) throw new Error(`must have each % written as %%, but for %s; it has ${wrong}`);
  if (verbs.filter((verb) => verb === "%s").length > 1) {
    throw new Error("must have %s once, for the name of the node");
  }
  return ({ node }) => text.replace(/%[s%]/g, (verb) => (verb === "%s" ? node : "%"));
}

/** "KIND=TEMPLATE". Throws an Error whose message is a rule. */
export function parseKindTemplate(text: string): readonly [MessageKind, Template] {
  const [, word, template] = /^([a-z]+)=(.+)$/s.exec(text) ?? [];
  const kind = messageKindNames.find((name) => name === word);
  if (kind === undefined || template === undefined) {
    const kinds = firstOf(messageKindNames, messageKindNames.length);
    throw new Error(
      `must be KIND=TEMPLATE with one of ${kinds}, for example failed={node}: {text} {runbook}`,
    );
  }
  return [kind, parseTemplate(template)];
}
