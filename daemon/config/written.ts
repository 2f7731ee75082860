import * as z from "zod/mini";
import { type Form, forms } from "./form.ts";
import { isGivenEmpty, type Option } from "./option.ts";

/**
 * The values that the configuration file may have for an option. One of a list may stand for the list. An empty
 * text counts as not given where it does on the command line.
 */
export function writtenType(option: Option<unknown>): z.ZodMiniType {
  const one = writtenOne(option);
  return option.repeat ? z.union([one, z.array(one)]) : one;
}

/** One value of an option. */
export function writtenOne(option: Option<unknown>): z.ZodMiniType {
  const form = forms.get(option.type)?.form as Form;
  return anyOf(typesOf(form, isGivenEmpty(option, "")));
}

function typesOf(form: Form, mayBeEmpty: boolean): z.ZodMiniType[] {
  const { boolean, integer, choices, text } = form;
  const types: z.ZodMiniType[] = [];
  if (boolean) types.push(z.boolean());
  if (integer) types.push(z.int().check(z.minimum(integer.min), z.maximum(integer.max)));
  if (choices) types.push(z.enum(choices as string[]));
  // A program that reads YAML 1.1 and writes JSON makes true of the word on.
  if (choices?.includes("on")) types.push(z.boolean());
  if (text) types.push(textType(text, mayBeEmpty));
  return types;
}

function textType({ pattern, lengthMax }: NonNullable<Form["text"]>, mayBeEmpty: boolean): z.ZodMiniType {
  const isEmptyToo = pattern !== undefined && mayBeEmpty && !pattern.test("");
  const like = isEmptyToo ? new RegExp(`^$|${pattern.source}`, pattern.flags) : pattern;
  return z
    .string()
    .check(
      ...(like === undefined ? [] : [z.regex(like)]),
      ...(lengthMax === undefined ? [] : [z.maxLength(lengthMax)]),
    );
}

function anyOf([first = z.string(), ...more]: z.ZodMiniType[]): z.ZodMiniType {
  return more.length === 0 ? first : z.union([first, ...more]);
}
