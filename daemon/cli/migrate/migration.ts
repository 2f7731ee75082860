/** The whole of a migration, from what was found. Pure. */
import type { OptionName } from "../../config/settings.ts";
import type { FoundKured } from "./found.ts";
import { imageWay } from "./image-way.ts";
import { componentsOf, kustomization } from "./kustomization.ts";
import { nodeWay } from "./node-way.ts";
import { chosenOptions, secretName } from "./options.ts";
import { ourValues } from "./our-values.ts";
import { type Placed, placed } from "./placed.ts";
import { podTexts, rightsTexts } from "./pod-texts.ts";
import { isUsual } from "./sentinel.ts";
import type { Way } from "./steps.ts";

/** The output of `rebootd migrate -o json`. */
export interface Migration {
  kured: Pick<FoundKured, "form" | "at" | "namespace" | "name" | "image">;
  /** The options of `rebootd run` with the same meaning; without `values` the value is a secret. */
  options: readonly { option: OptionName; values?: readonly string[] }[];
  /** Folders of manifests/components. */
  components: readonly string[];
  /** The text of kustomization.yaml. */
  kustomization: string;
  /** The values for manifests/chart. */
  values: Readonly<Record<string, unknown>>;
  differences: readonly { flag: string; text: string }[];
  warnings: readonly string[];
  /** Settings whose value cannot be read from here, or is not repeated. */
  hidden: readonly string[];
  rights: readonly string[];
  pods: readonly string[];
  ways: readonly Way[];
}

/** Throws a ConfigError with the place of a setting that cannot be migrated. */
export function migrationOf(found: FoundKured): Migration {
  const plan = placed(found, chosenOptions(found));
  const { form, at, namespace, name, image } = found;
  const { chosen } = plan;
  return {
    kured: { form, at, namespace, name, image },
    options: optionsOf(plan),
    components: componentsOf(plan),
    kustomization: kustomization(plan),
    values: ourValues(plan),
    differences: chosen.differences,
    warnings: [...found.warnings, ...chosen.warnings],
    hidden: hiddenTexts(plan),
    rights: rightsTexts(plan),
    pods: podTexts(plan),
    ways: [imageWay(plan), nodeWay(plan)],
  };
}

/** Paths are those of the host. */
function optionsOf({ chosen, sentinel }: Placed): Migration["options"] {
  return chosen.options.flatMap(({ option, values }) => {
    if (values === undefined) return [{ option }];
    if (option !== "reboot-sentinel" || sentinel === undefined) return [{ option, values }];
    return isUsual(sentinel) ? [] : [{ option, values: [sentinel.onHost ?? values[0] ?? ""] }];
  });
}

function hiddenTexts({ found, chosen }: Placed): string[] {
  const { hidden, namespace, form } = found;
  const elsewhere =
    form === "values" || namespace === "kube-system"
      ? ""
      : `; copy it from ${namespace} to rebootd's namespace`;
  return [
    ...hidden.map(({ flag, at, variable, where }) =>
      variable?.valueFrom === undefined
        ? `${at}: --${flag} is in ${where}: set the option of rebootd by hand`
        : `${at}: --${flag} is in ${where}, and not read; rebootd gets it from there too${elsewhere}`,
    ),
    ...chosen.options
      .filter(({ values }) => values === undefined)
      .map(
        ({ option }) =>
          `--${option} is a secret in plain text, and not repeated here; it goes into the Secret ${secretName}, key ${option}`,
      ),
  ];
}
