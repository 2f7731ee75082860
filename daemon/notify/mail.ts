import * as z from "zod/mini";
import { type Message, messageKindNames } from "./message.ts";

/**
 * The messages of one node as its record keeps them: none about a failure is lost with the process, and none that
 * has arrived is sent again. Bounded, as everything that is read from a Node.
 */
const text = (maxChars: number) => z.string().check(z.maxLength(maxChars));
/** Letters that have room in the record. */
export const lettersMax = 6;
export const textMaxChars = 600;
const idMaxChars = 400;
const threadsMax = 8;

const letterSchema = z.object({
  id: text(idMaxChars),
  kind: z.enum(messageKindNames),
  event: text(60),
  level: z.enum(["info", "warn", "error"]),
  title: text(400),
  text: text(textMaxChars),
  at: z.iso.datetime(),
  topic: text(idMaxChars),
  wave: text(60),
  to: z.array(text(60)).check(z.maxLength(16)),
});

/**
 * - `letters`: messages, and the names of the destinations that have yet to take them.
 * - `once`: IDs of messages that are not sent again while their cause lasts.
 * - `threads`: of the messages with this topic, by the names of the destinations.
 */
export const mailSchema = z.object({
  letters: z.catch(z.array(letterSchema).check(z.maxLength(lettersMax)), []),
  once: z.catch(z.array(text(idMaxChars)).check(z.maxLength(lettersMax)), []),
  topic: z.catch(text(idMaxChars), ""),
  threads: z.catch(
    z.record(text(60), text(200)).check(z.refine((all) => Object.keys(all).length <= threadsMax)),
    {},
  ),
});

export type Mail = z.output<typeof mailSchema>;
export type Letter = Mail["letters"][number];

export const noMail: Mail = { letters: [], once: [], topic: "", threads: {} };

/** The letter with a message for these destinations. */
export function letterOf({ node, runbook, ...message }: Message, to: readonly string[]): Letter {
  return { ...message, text: message.text.slice(0, textMaxChars), to: [...to] };
}

/** Whether a later process would learn the same from both about the messages that are to be sent. */
export function saysTheSame(one: Mail | undefined, other: Mail | undefined): boolean {
  const essence = ({ letters, once }: Mail) =>
    JSON.stringify([letters.map(({ id, to }) => [id, to]), [...once].sort()]);
  return essence(one ?? noMail) === essence(other ?? noMail);
}

export function isNoMail({ letters, once, threads }: Mail): boolean {
  return letters.length + once.length + Object.keys(threads).length === 0;
}
