/**
 * Checks every row of a table in one test, and fails once, naming each row that does not hold. A row is its
 * name and what the check takes. Rows share what a hook has set up, so a check that changes it needs tests of
 * its own.
 */
export function everyRow<A extends unknown[]>(
  rows: Iterable<readonly [name: string, ...A]>,
  check: (...row: A) => unknown,
): Promise<void>;
export function everyRow<R extends readonly [name: string, ...unknown[]]>(
  rows: Iterable<R>,
  check: (...row: Rest<R>) => unknown,
): Promise<void>;
export async function everyRow(
  rows: Iterable<readonly [name: string, ...unknown[]]>,
  check: (...row: unknown[]) => unknown,
): Promise<void> {
  const failures: Error[] = [];
  let checked = 0;
  for (const [name, ...row] of rows) {
    checked += 1;
    try {
      await check(...row);
    } catch (error) {
      failures.push(new Error(`${name}: ${(error as Error).message}`, { cause: error }));
    }
  }
  if (checked === 0) throw new Error("the table has no rows");
  if (failures.length === 0) return;
  const what = failures.map(({ message }) => message).join("\n");
  throw new AggregateError(failures, `${failures.length} of ${checked} rows do not hold\n${what}`);
}

/**
 * The same for cases that are no rows of one table, but of one subject: each has a name and a check of its
 * own.
 */
export function everyCase(cases: Readonly<Record<string, () => unknown>>): Promise<void> {
  return everyRow(Object.entries(cases), (check) => check());
}

/** Each row may have types of its own, as in a table that is `as const`. */
type Rest<R extends readonly unknown[]> = R extends readonly [unknown, ...infer A] ? A : never;
