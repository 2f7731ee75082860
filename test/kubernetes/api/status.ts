/**
 * The errors of the API as the Status objects a real server answers with.
 * https://kubernetes.io/docs/reference/using-api/api-concepts/ and apimachinery's `api/errors`.
 */
import type { FieldError } from "./field-error.ts";

export interface Cause {
  reason?: string;
  message: string;
  field?: string;
}

export interface StatusDetails {
  name?: string;
  group?: string;
  kind?: string;
  uid?: string;
  causes?: Cause[];
  retryAfterSeconds?: number;
}

export interface Status {
  kind: "Status";
  apiVersion: "v1";
  metadata: Record<string, string>;
  status: "Success" | "Failure";
  message?: string;
  reason?: string;
  details?: StatusDetails;
  code?: number;
}

/** What an error is about: a resource (`leases`) or, where the real server says so, a kind (`Lease`). */
export interface Subject {
  group: string;
  resource: string;
}

export class ApiError extends Error {
  readonly status: Status;
  readonly code: number;
  /** What the client is told besides. */
  warnings: string[] = [];

  constructor(code: number, reason: string | undefined, message: string, details?: StatusDetails) {
    super(message);
    this.code = code;
    this.status = {
      kind: "Status",
      apiVersion: "v1",
      metadata: {},
      status: "Failure",
      message,
      ...(reason !== undefined && { reason }),
      ...(details !== undefined && { details }),
      code,
    };
  }
}

export function success(details?: StatusDetails, code?: number): Status {
  return {
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Success",
    ...(details && { details }),
    ...(code !== undefined && { code }),
  };
}

export const qualified = ({ group, resource }: Subject) => (group ? `${resource}.${group}` : resource);

export function details({ group, resource }: Subject, name?: string): StatusDetails {
  return { ...(name && { name }), ...(group && { group }), kind: resource };
}

export const notFound = (subject: Subject, name: string) =>
  new ApiError(404, "NotFound", `${qualified(subject)} "${name}" not found`, details(subject, name));

/** The path leads nowhere: an unknown resource, subresource or version of a known group. */
export const noSuchPath = () =>
  new ApiError(404, "NotFound", "the server could not find the requested resource", {});

export const methodNotAllowed = () =>
  new ApiError(
    405,
    "MethodNotAllowed",
    "the server does not allow this method on the requested resource",
    {},
  );

export const alreadyExists = (subject: Subject, name: string) =>
  new ApiError(
    409,
    "AlreadyExists",
    `${qualified(subject)} "${name}" already exists`,
    details(subject, name),
  );

export const conflict = (subject: Subject, name: string, why: string) =>
  new ApiError(
    409,
    "Conflict",
    `Operation cannot be fulfilled on ${qualified(subject)} "${name}": ${why}`,
    details(subject, name),
  );

export const modified = (subject: Subject, name: string) =>
  conflict(
    subject,
    name,
    "the object has been modified; please apply your changes to the latest version and try again",
  );

export const badRequest = (message: string) => new ApiError(400, "BadRequest", message);

export const unauthorized = () => new ApiError(401, "Unauthorized", "Unauthorized");

export const forbidden = (subject: Subject, name: string, why: string, causes?: Cause[]) =>
  new ApiError(403, "Forbidden", `${qualified(subject)}${name && ` "${name}"`} is forbidden: ${why}`, {
    ...details(subject, name),
    ...(causes && { causes }),
  });

export const unsupportedMediaType = () =>
  new ApiError(415, "UnsupportedMediaType", "415: Unsupported Media Type", {});

export const notAcceptable = (message: string) => new ApiError(406, "NotAcceptable", message, {});

export const bodyTooLarge = (bytesMax: number) =>
  new ApiError(413, "RequestEntityTooLarge", `Request entity too large: limit is ${bytesMax}`);

/** A patch that cannot be applied to the object as it is. */
export const unprocessablePatch = () =>
  new ApiError(422, "Invalid", "the server rejected our request due to an error in our request", {});

export const internal = (message: string) => new ApiError(500, undefined, message);

export const expired = (message: string) => new ApiError(410, "Expired", message);

export const tooManyRequests = (message: string, retryAfterSeconds: number, causes: Cause[] = []) =>
  new ApiError(429, "TooManyRequests", message, {
    ...(causes.length > 0 && { causes }),
    ...(retryAfterSeconds > 0 && { retryAfterSeconds }),
  });

export const versionTooLarge = (asked: string, current: number) =>
  new ApiError(504, "Timeout", `Timeout: Too large resource version: ${asked}, current: ${current}`, {
    causes: [{ reason: "ResourceVersionTooLarge", message: "Too large resource version" }],
    retryAfterSeconds: 1,
  });

/** 422 with every fault of the object as a cause. The message names equal faults once, the causes do not. */
export function invalid(kind: Subject, name: string, errors: FieldError[]): ApiError {
  const messages = [...new Set(errors.map((error) => `${error.field}: ${error.message}`))];
  const text = messages.length === 1 ? messages[0] : `[${messages.join(", ")}]`;
  return new ApiError(422, "Invalid", `${qualified(kind)} "${name}" is invalid: ${text}`, {
    ...(name && { name }),
    ...(kind.group && { group: kind.group }),
    ...(kind.resource && { kind: kind.resource }),
    causes: errors.map(({ reason, message, field }) => ({ reason, message, field })),
  });
}
