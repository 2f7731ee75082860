import { dumpYaml } from "@kubernetes/client-node";
import { InvalidArgumentError, Option } from "commander";
import { plainJson } from "../text/one-line.ts";

/** `-o FORM`, the first form where it is not given; `-o=FORM` works as with kubectl. */
export function outputOption<F extends string>(...forms: readonly [F, ...F[]]): Option {
  const parse = (given: string): F => {
    const form = forms.find((known) => known === given.replace(/^=/, ""));
    if (form !== undefined) return form;
    throw new InvalidArgumentError(`Allowed choices are ${forms.join(", ")}.`);
  };
  return new Option("-o, --output <FORM>", `Output format: ${forms.join(", ")}`)
    .argParser(parse)
    .default(forms[0]);
}

/** For programs; what is undefined is left out. */
export function dump(form: "json" | "yaml", value: unknown): string {
  const text = plainJson(value, 2);
  return form === "json" ? `${text}\n` : dumpYaml(JSON.parse(text), { lineWidth: -1 });
}
