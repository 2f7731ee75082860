/** The health of a storage that nodes wait for, in some of the storms: what it is, and how it is drawn. */
import type { RawOptions } from "../../../daemon/config/settings.ts";
import type { Draw } from "./draw.ts";

export type StorageTrouble = {
  kind: "storage";
  /** It is not healthy, or is gone, or the daemons may not read it, or the server fails at that. */
  how: "broken" | "gone" | "forbidden" | "failing" | "silent";
  for: number;
};

export const storageKinds = ["storage"] as const satisfies StorageTrouble["kind"][];

const condition = "ceph.rook.io/v1/CephCluster/default/storage: status.ceph.health == 'HEALTH_OK'";

/** Of every daemon in a storm with such a trouble. */
export const storageOptions = {
  "healthy-when": condition,
  "healthy-before-uncordon": condition,
} as const satisfies RawOptions;

export const storageDraws = {
  storage: ({ oneOf, integer }: Draw): StorageTrouble => ({
    kind: "storage",
    how: oneOf("broken", "broken", "gone", "forbidden", "failing", "silent"),
    for: integer(5, 400),
  }),
};
