import assert from "node:assert/strict";
import fc from "fast-check";
import { isApiError } from "../../daemon/cluster/api.ts";
import { paths, splitKey } from "../../daemon/cluster/paths.ts";
import { everyRow } from "../rows.ts";

const pathTo = (name: string) => paths.daemonSet("shop", name);

describe("A path of the API", () => {
  it("leads to the named object and to no other, for any name", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.string({ unit: "binary" })), (name) => {
        let path: string;
        try {
          path = pathTo(name);
        } catch (error) {
          return isApiError(error, "not-found");
        }
        const url = new URL(path, "https://server");
        const segments = url.pathname.split("/");
        return (
          url.search === "" &&
          url.hash === "" &&
          decodeURIComponent(segments.at(-1) ?? "") === name &&
          segments.length === 8
        );
      }),
    );
  });

  it("is not built for an invalid name", () =>
    everyRow(
      ["", ".", "..", "a/b", "50%", "x".repeat(254), "\ud800"].map(
        (name) => [JSON.stringify(name.slice(0, 20)), name] as const,
      ),
      (name) =>
        assert.throws(
          () => pathTo(name),
          (error) => isApiError(error, "not-found"),
        ),
    ));
});

describe("A key", () => {
  it("is split at its first slash, because a namespace has none", () => {
    assert.deepEqual(splitKey("shop/agent/status"), ["shop", "agent/status"]);
  });
});
