/** Answers, before they become HTTP or the answer of a transport in memory. */
import { ApiError, type Status } from "./status.ts";

export interface Answer {
  status: number;
  headers: Record<string, string>;
  /** A watch's answer arrives in parts. */
  body: string | AsyncIterable<string>;
}

const json = { "content-type": "application/json" };

export function answerJson(status: number, body: string, warnings: string[] = []): Answer {
  const quoted = warnings.map((text) => `299 - ${JSON.stringify(text)}`).join(", ");
  return { status, headers: { ...json, ...(quoted && { warning: quoted }) }, body };
}

export const answerValue = (status: number, value: object) => answerJson(status, JSON.stringify(value));

export const answerStatus = (status: Status) => answerValue(status.code ?? 200, status);

export function answerText(status: number, body: string): Answer {
  return { status, headers: { "content-type": "text/plain; charset=utf-8" }, body };
}

/** The answer that an error becomes; what is no ApiError is a fault of this server, and says so. */
export function answerError(error: unknown): Answer {
  if (!(error instanceof ApiError)) {
    const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return answerError(new ApiError(500, "InternalError", `the simulated server failed: ${message}`, {}));
  }
  const retryAfter = error.status.details?.retryAfterSeconds;
  const answer = answerJson(error.code, JSON.stringify(error.status), error.warnings);
  if (retryAfter) answer.headers["retry-after"] = String(retryAfter);
  return answer;
}
