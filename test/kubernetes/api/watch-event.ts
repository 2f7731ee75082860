/** The events of a watch as lines of JSON, in the form that the client asked for. */
import { type Form, partialJson, wholeJson } from "./forms.ts";
import type { Fields, KubeObject } from "./object.ts";
import type { Resource } from "./resource.ts";
import { zeroOf } from "./schema.ts";
import type { ApiError } from "./status.ts";
import { rowJson, tableJson } from "./tables.ts";
import type { Timers } from "./timing.ts";

export interface EventWriter {
  object(type: "ADDED" | "MODIFIED" | "DELETED", object: KubeObject): string;
  bookmark(resourceVersion: string, annotations?: Record<string, string>): string;
  error(error: ApiError): string;
}

/** The resource, and how its objects are to be shown. */
interface WatchedForm {
  resource: Resource;
  form: Form;
  includeObject: string;
}

export function createEventWriter(
  { resource, form, includeObject }: WatchedForm,
  timers: Timers,
): EventWriter {
  /** A table names its columns once. */
  let hasColumns = false;
  let zero: Fields | undefined;
  const line = (type: string, json: string) => `{"type":"${type}","object":${json}}\n`;
  return {
    object(type, object) {
      if (form !== "table")
        return line(type, form === "whole" ? wholeJson(resource, object) : partialJson(resource, object));
      const rows = [rowJson(resource, object, includeObject, timers.now())];
      const { resourceVersion } = object.metadata;
      const json = tableJson(resource, rows, { resourceVersion }, !hasColumns);
      hasColumns = true;
      return line(type, json);
    },
    bookmark(resourceVersion, annotations) {
      if (form === "table") return line("BOOKMARK", tableJson(resource, [], { resourceVersion }, false));
      const metadata = { resourceVersion, ...(annotations && { annotations }) };
      zero ??= zeroOf(resource.type);
      const object = { ...zero, metadata } as unknown as KubeObject;
      return line(
        "BOOKMARK",
        form === "partial" ? partialJson(resource, object) : wholeJson(resource, object),
      );
    },
    error: ({ status }) => line("ERROR", JSON.stringify(status)),
  };
}
