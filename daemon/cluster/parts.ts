/** The parts of an object to keep: a whole field, or parts of it; in a list, the same parts of each item. */
export type Parts<T> =
  | true
  | (T extends readonly (infer Item)[]
      ? Parts<Item>
      : T extends object
        ? { [K in keyof T]?: Parts<T[K]> }
        : true);

/** The type of a `T` that is reduced to these parts. */
export type Kept<T, P> = P extends true
  ? T
  : T extends readonly (infer Item)[]
    ? Kept<Item, P>[]
    : T extends object
      ? string extends keyof T
        ? { [K in keyof P]?: T[keyof T] }
        : { [K in keyof T as K extends keyof P ? K : never]: Kept<T[K], K extends keyof P ? P[K] : never> }
      : T;

type AnyParts = true | { readonly [key: string]: AnyParts };

/** Objects of Kubernetes have no more items and no longer texts than this; a surplus is dropped. */
const itemsMax = 500;
const textMaxChars = 4096;

/**
 * The object with only these parts, and with a size limit for them: any client may write megabytes into an
 * object.
 */
export function kept<T, const P extends Parts<T>>(object: T, parts: P): Kept<T, P> {
  return keep(object, parts as AnyParts) as Kept<T, P>;
}

function keep(value: unknown, parts: AnyParts): unknown {
  if (typeof value === "string") return value.length > textMaxChars ? value.slice(0, textMaxChars) : value;
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.slice(0, itemsMax).map((item) => keep(item, parts));
  const whole = value as Record<string, unknown>;
  const keys = Object.keys(parts === true ? whole : parts).slice(0, itemsMax);
  const left: Record<string, unknown> = {};
  for (const key of keys) {
    const part = parts === true || parts[key];
    if (part !== undefined && Object.hasOwn(whole, key)) left[key] = keep(whole[key], part);
  }
  return left;
}
