import * as z from "zod/mini";
import type { Access } from "../cli/access.ts";
import { lockManually } from "../cli/lock.ts";
import { nodeName } from "../cli/node-name.ts";
import { pause, resumeNode } from "../cli/pause.ts";
import { requestReboot } from "../cli/reboot.ts";
import { resumeAll } from "../cli/resume.ts";
import { noTerminal, unpainted } from "../cli/terminal.ts";
import { unlock } from "../cli/unlock.ts";
import { ConfigError } from "../text/config-error.ts";
import type { ChangeName, Changes } from "./wire.ts";

/** Longer reasons are cut by the annotations all the same. */
const textMaxChars = 1000;

const text = z.string().check(z.maxLength(textMaxChars));
const node = z.string().check(z.maxLength(253));
/** A field with another name is refused: with a slip in `node`, a pause would be one of all nodes. */
const bodies = {
  pause: z.strictObject({ node: z.optional(node), reason: z.optional(text), until: z.optional(text) }),
  resume: z.strictObject({ node: z.optional(node) }),
  reboot: z.strictObject({ node, reason: z.optional(text), urgent: z.optional(z.boolean()) }),
  lock: z.strictObject({ reason: z.optional(text) }),
  unlock: z.strictObject({ node: z.optional(node) }),
} satisfies { [N in ChangeName]: z.ZodMiniType };

export function isChangeName(name: string): name is ChangeName {
  return Object.hasOwn(bodies, name);
}

/**
 * Makes a change as the subcommand of that name does, with the rights and the name of the person. Resolves with its
 * text. A body that is not understood is a ConfigError, and nothing is changed.
 */
export async function change(
  access: Access,
  name: ChangeName,
  body: unknown,
  signal: AbortSignal,
): Promise<string> {
  const done = await makers[name](access, given(name, body) as never, signal);
  return done.trim();
}

type Make<N extends ChangeName> = (
  access: Access,
  body: z.output<(typeof bodies)[N]>,
  signal: AbortSignal,
) => Promise<string>;

const makers: { [N in ChangeName]: Make<N> } = {
  pause: (access, { node, ...rest }, signal) => {
    const way = { ...access, api: () => access.api, lockObject: async () => access.lockObject };
    return pause(way, named(node), rest, signal);
  },
  resume: (access, { node }, signal) =>
    node === undefined
      ? resumeAll(access, noTerminal, signal).then(unpainted)
      : resumeNode(access, nodeName(node), signal),
  reboot: (access, { node, reason, urgent = false }, signal) =>
    requestReboot(access, nodeName(node), { reason, urgent }, signal),
  lock: (access, { reason }, signal) => lockManually(access, reason, signal),
  unlock: (access, { node }, signal) =>
    unlock(access, node === undefined ? "manual" : { node: nodeName(node) }, signal),
};

const named = (node: string | undefined) => (node === undefined ? undefined : nodeName(node));

function given<N extends ChangeName>(name: N, body: unknown): Changes[N] {
  const parsed = z.safeParse(bodies[name], body);
  if (parsed.success) return parsed.data as Changes[N];
  throw new ConfigError(`invalid body of ${name}: ${z.prettifyError(parsed.error).replaceAll("\n", "; ")}`);
}
