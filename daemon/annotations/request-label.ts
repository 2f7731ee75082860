import { requestIn } from "./value.ts";

/** The label by which other programs request a reboot of its Node (`--request-label`). */
export interface RequestLabel {
  key: string;
  /** Only this value is a request; undefined: every value is one but a word for no. */
  value: string | undefined;
}

/** The request that the labels of a Node make, as `KEY=VALUE`; undefined for none. */
export function labelRequest(
  asked: RequestLabel | undefined,
  labels: Readonly<Record<string, string>> | undefined = {},
): string | undefined {
  if (asked === undefined || !Object.hasOwn(labels, asked.key)) return undefined;
  const { key, value } = asked;
  const { [key]: found = "" } = labels;
  // A label without a value is a mark, and so requests as much as one with the name of a program.
  const isRequest = value === undefined ? found === "" || requestIn(found) !== undefined : found === value;
  return isRequest ? `${key}=${found}` : undefined;
}

/** The change of the labels that takes such a request away; none without one. */
export function withoutLabelRequest(
  asked: RequestLabel | undefined,
  labels: Readonly<Record<string, string>>,
): Record<string, null> {
  return asked === undefined || labelRequest(asked, labels) === undefined ? {} : { [asked.key]: null };
}
