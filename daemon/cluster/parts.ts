/** Which parts of an object are kept: a field whole, or parts of it; of a list the same of each item. */
export type Parts<T> =
  | true
  | (T extends readonly (infer Item)[]
      ? Parts<Item>
      : T extends object
        ? { [K in keyof T]?: Parts<T[K]> }
        : true);

/** What is left of a `T`, so that nothing else of it can be read. */
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

/** The object without all else: anybody may write megabytes into what is not read. */
export function kept<T, const P extends Parts<T>>(object: T, parts: P): Kept<T, P> {
  return keep(object, parts as AnyParts) as Kept<T, P>;
}

function keep(value: unknown, parts: AnyParts): unknown {
  if (parts === true || typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((item) => keep(item, parts));
  const whole = value as Record<string, unknown>;
  const left: Record<string, unknown> = {};
  for (const key in parts) {
    const part = parts[key];
    if (part !== undefined && Object.hasOwn(whole, key)) left[key] = keep(whole[key], part);
  }
  return left;
}
