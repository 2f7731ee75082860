/** The name in usage, help and errors, and the arguments. */
export interface Call {
  program: string;
  args: readonly string[];
}

/** The name of the program where it is no plugin of kubectl. */
export const ownName = "rebootd";

/** The name under which it takes the flags of kured, and no subcommands. */
export const kuredName = "kured";

/**
 * Pure: finds out how the program was called, by the name of its file. As `kubectl-rebootd` it is kubectl's
 * plugin; as `kubectl_complete-rebootd` kubectl asks for completions of that plugin
 * (https://kubernetes.io/docs/tasks/extend-kubectl/kubectl-plugins/). As `kured` it takes the place of that program.
 */
export function calledAs(file: string, args: readonly string[]): Call {
  const [name = ""] = /[^/\\]*$/.exec(file) ?? [];
  if (name === kuredName) return { program: kuredName, args };
  if (name.startsWith("kubectl_complete-"))
    return { program: "kubectl rebootd", args: ["__complete", ...args] };
  return { program: name.startsWith("kubectl-") ? "kubectl rebootd" : ownName, args };
}

/** Names the program in a text as it was called: in its commands, and at the beginning of an error. */
export function named(text: string, program: string, commands: readonly string[]): string {
  if (program === ownName) return text;
  const command = new RegExp(
    `(?<![\\w/.@-]|kubectl )rebootd(?= (?:${["--help", ...commands].join("|")})(?![\\w-]))`,
    "g",
  );
  return text.replace(command, program).replace(/^rebootd: /, `${program}: `);
}
