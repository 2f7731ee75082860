import { Command } from "commander";
import { refuseExpressions } from "../config/expressions.ts";
import type { CheckedFile } from "../config/file/check-file.ts";
import { type Given, located, merged, placeText, sourceOf, type TypedOptions } from "../config/given.ts";
import { keyOfOption } from "../config/keys.ts";
import { environmentName, type Option } from "../config/option.ts";
import { type OptionName, options, parseSettings } from "../config/settings.ts";
import { ConfigError, invalidValue, printable, withoutUsers } from "../text/config-error.ts";
import { count } from "../text/count.ts";
import type { PersonIo } from "./access.ts";
import { CommandRefused } from "./admin.ts";
import { dump, outputOption } from "./output.ts";
import { addDaemonOptions, typedForDaemon } from "./run.ts";
import { paintedTable } from "./table.ts";

type Form = "text" | "json" | "yaml";

interface Asked {
  print?: true;
  check?: string;
  schema?: true;
  output: Form;
}

/** `rebootd config`: shows or checks options without a cluster, as a daemon would read them here. */
export function configCommand(io: PersonIo): Command {
  const command = new Command("config")
    .description("Print the options with which a daemon would start here, or check a configuration file")
    .option("--print", "Print each option with its value, and where the value comes from; secrets are hidden")
    .option("--check <FILE>", "Name every mistake in a configuration file, one on each line")
    .option("--schema", "Print the JSON Schema of the configuration file")
    .addOption(outputOption<Form>("text", "json", "yaml"));
  return addDaemonOptions(command).action(async () => {
    const { print, check, schema, output } = command.opts<Asked>();
    if ([print, check, schema].filter((one) => one !== undefined).length !== 1)
      throw new ConfigError("config requires one of --print, --check and --schema");
    const typed = typedForDaemon(command, io.environment);
    if (check !== undefined) return await checkIt(check, typed, io);
    if (print) return io.out(printed(await effective(typed, io), output, io));
    const { readConfigSchema } = await import("./config-schema.ts");
    io.out(dump(output === "yaml" ? "yaml" : "json", await readConfigSchema()));
  });
}

async function checkIt(file: string, typed: TypedOptions, io: PersonIo): Promise<void> {
  const { given, problems } = await checked("check", file, typed, io);
  for (const problem of problems) io.err(`${problem}\n`);
  if (problems.length > 0)
    throw new ConfigError(`${count(problems.length, "mistake")} in ${printable(file)}`);
  io.out(`${file} is valid: ${count(Object.keys(given.file?.raw ?? {}).length, "option")}\n`);
}

/** All that was given, if a daemon would start with it. */
async function effective(typed: TypedOptions, io: PersonIo): Promise<Given> {
  const { file } = typed;
  if (file !== undefined) {
    const { given, problems } = await checked("config", file, typed, io);
    const [first] = problems;
    if (first !== undefined) throw new ConfigError(first);
    return given;
  }
  const given = merged(typed);
  try {
    parseSettings({ "node-id": "node", ...given.raw });
    await refuseExpressions(given.raw);
    return given;
  } catch (error) {
    throw located(error, given);
  }
}

async function checked(
  option: string,
  file: string,
  typed: TypedOptions,
  { readText }: PersonIo,
): Promise<CheckedFile> {
  if (readText === undefined) throw new CommandRefused(`no file can be read here: ${printable(file)}`);
  const { checkFile } = await import("../config/file/check-file.ts");
  let text: string;
  try {
    text = await readText(file);
  } catch (error) {
    throw invalidValue(
      option,
      printable(file),
      `must be a file that can be read, but ${(error as Error).message}`,
    );
  }
  const found = checkFile(file, text, typed);
  // The expressions of values that are refused themselves are not looked at.
  if (found.problems.length > 0) return found;
  try {
    await refuseExpressions(found.given.raw);
    return found;
  } catch (error) {
    return { ...found, problems: [(located(error, found.given) as Error).message] };
  }
}

/** One option as it is in force. */
interface Row {
  option: string;
  key: string;
  /** Null for an option that is not set. */
  value: string | readonly string[] | null;
  source: string;
}

function printed(given: Given, output: Form, { terminal }: PersonIo) {
  const rows = (Object.keys(options) as OptionName[]).map((name) => rowOf(name, given));
  if (output !== "text") return dump(output, rows);
  const cells = rows.map(({ key, value, source }) => [
    key,
    value === null ? undefined : [value].flat().join(" | "),
    source,
  ]);
  return paintedTable(["KEY", "VALUE", "SOURCE"], cells, terminal);
}

function rowOf(name: OptionName, given: Given): Row {
  const option: Option<unknown> = options[name];
  const value = given.raw[name] ?? option.default ?? null;
  const shown = (text: string) => (option.secret ? "(hidden)" : withoutUsers(text));
  return {
    option: `--${name}`,
    key: keyOfOption(name),
    value: value === null ? null : typeof value === "string" ? shown(value) : value.map(shown),
    source: sourceText(name, given),
  };
}

function sourceText(name: OptionName, given: Given): string {
  const source = sourceOf(name, given);
  const place = given.file?.places[name];
  if (source === "file" && given.file !== undefined && place !== undefined)
    return placeText(given.file.file, place);
  return source === "environment" ? environmentName(name) : source;
}
