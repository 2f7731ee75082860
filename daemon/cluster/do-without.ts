import { type BackoffLimits, grownMs } from "../time/backoff.ts";
import type { Clock } from "../time/clock.ts";
import { type Api, ApiError, isApiError, type WatchEvent, type WatchOptions } from "./api.ts";
import { featureOf, offText } from "./rights.ts";

export interface DoWithoutOptions {
  api: Api;
  clock: Clock;
  /** Called once for each feature that is off, and again only after it was on. */
  warn: (message: string) => void;
  /** Called for each feature that is on again. */
  info: (message: string) => void;
}

/**
 * A refusal is believed for so long, each time it is repeated for longer: a right may be granted, and an API
 * server that has just started may refuse for a moment what is granted.
 */
const believed: BackoffLimits = { firstMs: 60_000, maxMs: 6 * 3_600_000 };

/** A feature that is off; `until` by `clock.elapsed()`. */
interface Off {
  times: number;
  until: number;
}

/**
 * The API for a daemon that does without the rights of rights.ts that it lacks: a request that needs one fails
 * with the code "not-granted", and is sent only now and then. All other refusals stay as they are.
 */
export function doWithout({ api, clock, warn, info }: DoWithoutOptions): Api {
  const off = new Map<string, Off>();

  function assertOn(verb: string, path: string): void {
    const feature = featureOf(verb, path);
    const state = feature && off.get(feature.name);
    if (feature === undefined || state === undefined || clock.elapsed() >= state.until) return;
    throw notGranted(verb, path, offText(verb, feature));
  }

  /** The error that the caller gets. */
  function failure(verb: string, path: string, error: unknown): unknown {
    const feature = featureOf(verb, path);
    if (feature === undefined || !isMissingRight(error)) return error;
    const before = off.get(feature.name);
    // Several requests at one time are refused each, which is no more than one refusal.
    const times = before === undefined ? 1 : before.times + (clock.elapsed() >= before.until ? 1 : 0);
    off.set(feature.name, { times, until: clock.elapsed() + grownMs(times, believed) });
    const text = offText(verb, feature);
    if (before === undefined) warn(text);
    return notGranted(verb, path, text, error);
  }

  function succeeded(verb: string, path: string): void {
    const feature = featureOf(verb, path);
    if (feature !== undefined && off.delete(feature.name)) info(`${feature.name} is on again`);
  }

  async function call<T>(verb: string, path: string, ask: () => Promise<T>): Promise<T> {
    assertOn(verb, path);
    let answer: T;
    try {
      answer = await ask();
    } catch (error) {
      throw failure(verb, path, error);
    }
    succeeded(verb, path);
    return answer;
  }

  async function* watch<T>(path: string, options: WatchOptions): AsyncIterable<WatchEvent<T>> {
    assertOn("watch", path);
    const onOpen = () => {
      succeeded("watch", path);
      options.onOpen?.();
    };
    try {
      yield* api.watch<T>(path, { ...options, onOpen });
    } catch (error) {
      throw failure("watch", path, error);
    }
  }

  return {
    get: (path, options) => call("get", path, () => api.get(path, options)),
    getWhole: (path, options) => call("get", path, () => api.getWhole(path, options)),
    getText: (path, options) => call("get", path, () => api.getText(path, options)),
    list: (path, options) => call("list", path, () => api.list(path, options)),
    create: (path, body, options) => call("create", path, () => api.create(path, body, options)),
    update: (path, body, options) => call("update", path, () => api.update(path, body, options)),
    patch: (path, body, options) => call("patch", path, () => api.patch(path, body, options)),
    strategicPatch: (path, body, options) =>
      call("patch", path, () => api.strategicPatch(path, body, options)),
    delete: (path, body, options) => call("delete", path, () => api.delete(path, body, options)),
    watch,
  };
}

/** A namespace that is going away refuses new objects, whatever the rights are. */
function isMissingRight(error: unknown): error is ApiError {
  return (
    isApiError(error, "forbidden") && !error.causes.some(({ reason }) => reason === "NamespaceTerminating")
  );
}

function notGranted(verb: string, path: string, text: string, cause?: unknown): ApiError {
  return new ApiError(`${verb} ${path}: ${text}`, { code: "not-granted", status: 403, cause });
}
