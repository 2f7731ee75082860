import { Argument, Command } from "commander";
import type { Api } from "../cluster/api.ts";
import type { PartialObjectMetadata } from "../cluster/objects.ts";
import { pagesOf } from "../cluster/pages.ts";
import { paths } from "../cluster/paths.ts";
import { oneLine } from "../text/one-line.ts";
import type { Clock } from "../time/clock.ts";
import { withDeadline } from "../time/deadline.ts";
import type { PersonIo } from "./access.ts";
import { type Credentials, credentialsOf, withCluster } from "./cluster-options.ts";
import { type Shell, scripts } from "./completion-scripts.ts";
import { type Candidate, type Expected, expected, type Live } from "./completion-words.ts";

/** The names in a kubeconfig. */
export interface KubeconfigNames {
  contexts: readonly string[];
  clusters: readonly string[];
  users: readonly string[];
}

export interface CompletionIo extends Pick<PersonIo, "environment" | "clock" | "connect"> {
  /** Absent: the names in kubeconfigs are not completed. Throws for one that cannot be read. */
  kubeconfigNames?: (credentials: Credentials) => KubeconfigNames;
}

/** `rebootd completion SHELL`: a script for the shell. */
export function completionCommand(out: (text: string) => void): Command {
  const shells = Object.keys(scripts);
  return new Command("completion")
    .description("Print a completion script for a shell")
    .addArgument(new Argument("<SHELL>", "The shell").choices(shells))
    .action((shell: Shell) => out(scripts[shell]));
}

/** The hidden subcommands by which shells and kubectl ask for completions, as in programs made with Cobra. */
const requests = ["__complete", "__completeNoDesc"] as const;

/** Whether a shell asks for completions with these arguments. */
export function asksForCompletion([first]: readonly string[]): boolean {
  return requests.some((request) => request === first);
}

/** A person waits for the names of nodes, and goes on typing after a while. */
const lookupDeadlineMs = 2500;
/** More names are no help for anybody. */
const namesMax = 500;

/**
 * Answers a request for completions: one candidate a line, with its description behind a tab, then `:` and
 * a directive (https://github.com/spf13/cobra/blob/main/site/content/completions/_index.md). Failures are
 * silent: an error would be printed over the line that is being typed.
 */
export async function completions(
  program: Command,
  [request, ...line]: readonly string[],
  io: CompletionIo,
  signal: AbortSignal,
): Promise<string> {
  const wanted = expected(program, line);
  const found = wanted.kind === "files" ? [] : await candidates(wanted, line, io, signal);
  const hasDescriptions = request !== "__completeNoDesc";
  const lines = found.map(({ word, description }) =>
    hasDescriptions && description ? `${word}\t${oneLine(description)}` : word,
  );
  return [...lines, `:${wanted.kind === "files" ? directives.files : directives.noFiles}`, ""].join("\n");
}

const directives = { files: 0, noFiles: 4 } as const;

async function candidates(
  wanted: Exclude<Expected, { kind: "files" }>,
  line: readonly string[],
  io: CompletionIo,
  signal: AbortSignal,
): Promise<readonly Candidate[]> {
  if (wanted.kind === "words") return wanted.words.filter(({ word }) => word.startsWith(wanted.typed));
  const { kind, except, typed } = wanted;
  const fits = (name: string) => name.startsWith(typed) && !except.includes(name) && isWord(name);
  const names: string[] = [];
  try {
    const credentials = credentialsIn(line.slice(0, -1), io);
    if (kind === "nodes" || kind === "namespaces") {
      const from = { api: io.connect(credentials), clock: io.clock };
      await gather(from, kind, (name) => fits(name) && names.push(name) >= namesMax, signal);
    } else {
      names.push(...(io.kubeconfigNames?.(credentials)[kind] ?? []).filter(fits));
    }
  } catch {
    // The names that were found by then are of use.
  }
  return names.map((word) => ({ word }));
}

/** A name with a line break or a blank would be other words to the shell. */
const isWord = (name: string) => /^[\p{L}\p{N}\p{P}\p{S}]+$/u.test(name);

/** The options for the cluster among the words that were typed. */
function credentialsIn(line: readonly string[], { environment }: CompletionIo): Credentials {
  const command = withCluster(new Command())
    .allowUnknownOption()
    .allowExcessArguments()
    .exitOverride()
    .configureOutput({ outputError: () => {} });
  // The last word may be an option whose value is being typed.
  command.parseOptions([...line, ""]);
  return credentialsOf(command, environment);
}

/** Takes the names of all objects, page by page, until `take` returns true. Rejects after the deadline. */
function gather(
  { api, clock }: { api: Api; clock: Clock },
  kind: Extract<Live, "nodes" | "namespaces">,
  take: (name: string) => boolean,
  signal: AbortSignal,
): Promise<void> {
  const path = kind === "nodes" ? paths.nodes : paths.namespaces;
  return withDeadline(clock, lookupDeadlineMs, signal, "looking up names", async (inner) => {
    const options = { signal: inner, metadataOnly: "list" } as const;
    for await (const { items } of pagesOf<PartialObjectMetadata>(api, path, options)) {
      for (const { metadata } of items) if (take(metadata?.name ?? "")) return;
    }
  });
}
