import { dumpYaml } from "@kubernetes/client-node";
import { Option } from "commander";
import { invalidValue, printable } from "../text/config-error.ts";
import { anyOf } from "../text/list.ts";
import { plainJson } from "../text/one-line.ts";
import { typedValue } from "./options.ts";

/** `-o FORM`, the first form where it is not given; `-o=FORM` works as with kubectl. */
export function outputOption<F extends string>(...forms: readonly [F, ...F[]]): Option {
  const parse = (given: string): F => {
    const form = forms.find((known) => known === typedValue(given));
    if (form !== undefined) return form;
    throw invalidValue("output", printable(given), `must be ${anyOf(forms)}`);
  };
  const option = new Option("-o, --output <FORM>", "Output format").argParser(parse).default(forms[0]);
  option.argChoices = [...forms];
  return option;
}

/** The value for programs; undefined fields are left out. */
export function dump(form: "json" | "yaml", value: unknown): string {
  const text = plainJson(value, 2);
  return form === "json" ? `${text}\n` : dumpYaml(JSON.parse(text), { lineWidth: -1 });
}
