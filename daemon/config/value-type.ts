import * as z from "zod/mini";
import { type Form, forms } from "./form.ts";

/**
 * A kind of option values: text in, value out. Each refusal is a rule such as "must be a file, for example
 * /a"; the caller adds the option's name and the value.
 */
export type ValueType<T> = z.ZodMiniType<T, string>;

/**
 * A text is refused for which `parse` returns undefined; a {@link Refusal} says why as well. `form` is how the
 * configuration file has the value.
 */
export function value<T>(
  rule: string,
  form: Form,
  parse: (text: string) => T | Refusal | undefined,
): ValueType<T> {
  const transform = z.transform((text: string, context) => {
    const parsed: T | Refusal | undefined = parse(text);
    const isRefused = parsed instanceof Refusal;
    if (!isRefused && parsed !== undefined) return parsed;
    const message = isRefused ? `${rule}, but ${parsed.why}` : rule;
    context.issues.push({ code: "custom", message, input: text });
    return z.NEVER;
  });
  return z.pipe(z.string(), transform).register(forms, { rule, form });
}

/** The value that `parse` makes of the text; it throws an Error whose message is a rule. */
export function parsedBy<T>(parse: (text: string) => T): ValueType<T> {
  const transform = z.transform((text: string, context) => {
    try {
      return parse(text);
    } catch (error) {
      context.issues.push({ code: "custom", message: (error as Error).message, input: text });
      return z.NEVER;
    }
  });
  return z.pipe(z.string(), transform).register(forms, { rule: "must be a text", form: { text: {} } });
}

/** Says why a text is refused, in the words that follow the rule. */
export class Refusal {
  readonly why: string;
  constructor(why: string) {
    this.why = why;
  }
}

/** The result, or a refusal with the message of the Error that was thrown. */
export function attempt<T>(parse: () => T): T | Refusal {
  try {
    return parse();
  } catch (error) {
    return new Refusal((error as Error).message);
  }
}
