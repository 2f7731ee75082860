import { CommandRefused } from "../cli/admin.ts";
import { type ApiErrorCode, isApiError } from "../cluster/api.ts";
import { explain as withCauses } from "../report/log.ts";
import { ConfigError } from "../text/config-error.ts";
import { oneLine } from "../text/one-line.ts";
import { DeadlineError } from "../time/deadline.ts";

const statuses: Partial<Record<ApiErrorCode, number>> = {
  forbidden: 403,
  "not-found": 404,
  conflict: 409,
  "too-many-requests": 503,
};

/** The status and the sentence of a failed request; undefined for a fault of rebootd itself. */
export function failureOf(error: unknown): { status: number; message: string } | undefined {
  const message = oneLine(withCauses(error));
  if (error instanceof ConfigError) return { status: 400, message };
  if (error instanceof CommandRefused) return { status: 409, message };
  if (error instanceof DeadlineError) return { status: 504, message };
  if (isApiError(error)) return { status: statuses[error.code] ?? 502, message };
  return undefined;
}
