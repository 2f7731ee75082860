import { Argument, Command } from "commander";

/**
 * `rebootd completion bash`: a script for the shell. `program` is called only when it is printed, as it has
 * this command too.
 */
export function completionCommand(out: (text: string) => void, program: () => Command): Command {
  return new Command("completion")
    .description("Print a completion script for a shell")
    .addArgument(new Argument("<SHELL>", "The shell").choices(["bash"]))
    .action(() => out(bashCompletion(program())));
}

/** Pure. The script asks kubectl for the names of all nodes if a node is expected. */
export function bashCompletion(program: Command): string {
  const cases = program.commands.map((command) => {
    const takesNode = command.registeredArguments.some((argument) => argument.name() === "NODE");
    const words = [...flagsOf(command), ...choicesOf(command)].join(" ");
    return `    ${command.name()}) words='${words}'${takesNode ? " nodes=yes" : ""} ;;`;
  });
  const names = program.commands.map((command) => command.name());
  return `_rebootd() {
  local current=\${COMP_WORDS[COMP_CWORD]} command='' words='' nodes='' one
  COMPREPLY=()
  [ "\${COMP_WORDS[COMP_CWORD-1]}" = --kubeconfig ] && return
  for one in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case $one in ${names.join("|")}) command=$one; break ;; esac
  done
  case $command in
${cases.join("\n")}
    *) words='${[...names, ...flagsOf(program)].join(" ")}' ;;
  esac
  if [ -n "$nodes" ] && [[ $current != -* ]]; then
    words="$words $(kubectl get nodes -o 'jsonpath={.items[*].metadata.name}' 2>/dev/null)"
  fi
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _rebootd rebootd
`;
}

function flagsOf(command: Command): string[] {
  const flags = command.options.map(({ long }) => long).filter((long) => typeof long === "string");
  return [...flags, "--help"];
}

function choicesOf(command: Command): string[] {
  return command.registeredArguments.flatMap(({ argChoices = [] }) => argChoices);
}
