/** Another program that requests reboots with a label, and daemons that take it for that. */
import type { RawOptions } from "../../../daemon/config/settings.ts";
import { requestLabel } from "../../promises/eyes.ts";
import type { Draw } from "./draw.ts";

/** The program writes its name, or another one's, or takes the label back. */
export interface LabelTrouble {
  kind: "labelled";
  node: string;
  asker: "one" | "other" | "" | null;
}

export const labelKinds = ["labelled"] as const;

export const labelDraws = {
  labelled: ({ node, oneOf }: Draw): LabelTrouble => {
    return { kind: "labelled", node: node(), asker: oneOf("one", "one", "other", "", null) };
  },
};

export const labelOptions = { "request-label": requestLabel } as const satisfies RawOptions;
