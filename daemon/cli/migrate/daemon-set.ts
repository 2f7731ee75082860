/** Reads a DaemonSet of kured: its arguments, its environment, and what else its pods have. Pure. */
import type { DaemonSet } from "../../cluster/objects.ts";
import { variableOf } from "../../kured/flag.ts";
import { flagNames } from "../../kured/flags.ts";
import { CommandRefused } from "../admin.ts";
import { environmentOf, expanded, refersTo } from "../installed.ts";
import type { Path } from "./document.ts";
import type { Container, FoundKured, Given, HiddenSetting, Variable } from "./found.ts";
import { notesOf, podPartsOf } from "./pod.ts";

export interface DaemonSetSource {
  form: "cluster" | "manifest";
  /** The place of a value of the DaemonSet, for messages. */
  at: (path: Path) => string;
}

const flagOfVariable = new Map(flagNames.map((name) => [variableOf(name), name]));
const flagSet: ReadonlySet<string> = new Set(flagNames);

/** Whether a container of it runs kured, by its image or its command. */
export function isKured(daemonSet: DaemonSet): boolean {
  return kuredContainer(daemonSet) !== undefined;
}

function kuredContainer({ spec }: DaemonSet): Container | undefined {
  return (spec?.template?.spec?.containers ?? []).find(
    ({ image = "", command = [] }) =>
      /(?:^|\/)kured(?:[:@]|$)/.test(image) || /(?:^|\/)kured$/.test(command[0] ?? ""),
  );
}

/** A CommandRefused for a container whose program is not kured's. */
export function ofDaemonSet(daemonSet: DaemonSet, { form, at }: DaemonSetSource): FoundKured {
  const { namespace = "kube-system", name = "kured", annotations = {} } = daemonSet.metadata ?? {};
  const pod = daemonSet.spec?.template.spec;
  const container = kuredContainer(daemonSet);
  if (pod === undefined || container === undefined)
    throw new CommandRefused(`${at([])}: no container of the DaemonSet ${namespace}/${name} runs kured`);
  const place: Path = ["spec", "template", "spec", "containers", pod.containers.indexOf(container)];
  const { known, hidden } = environmentOf(container, namespace);
  const mayHaveMore = (container.envFrom ?? []).length > 0;
  const { given, withReference } = lineOf(container, (path) => at([...place, ...path]), {
    known,
    hidden,
    mayHaveMore,
  });
  const env = container.env ?? [];
  const isFlag = ({ name: variable }: Variable) => flagOfVariable.has(variable);
  return {
    form,
    at: at([]),
    namespace,
    name,
    container: container.name,
    image: container.image ?? "",
    args: given,
    environment: env.flatMap((entry, index) => {
      const text = known[entry.name];
      const isLast = env.findLastIndex((one) => one.name === entry.name) === index;
      if (!entry.name.startsWith("KURED_") || text === undefined || !isLast) return [];
      return [{ name: entry.name, text, at: at([...place, "env", index]) }];
    }),
    hidden: [
      ...withReference,
      ...env.flatMap((entry, index) => {
        const flag = flagOfVariable.get(entry.name);
        if (flag === undefined || !hidden.has(entry.name)) return [];
        return [{ flag, at: at([...place, "env", index]), variable: entry, where: whereOf(entry) }];
      }),
    ],
    pod: podPartsOf(
      daemonSet,
      pod,
      container,
      env.filter((entry) => !isFlag(entry) && !isOfPod(entry)),
    ),
    sees: { volumes: pod.volumes ?? [], volumeMounts: container.volumeMounts ?? [] },
    memoryLimit: container.resources?.limits?.["memory"],
    hasMonitor: false,
    warnings: [],
    notes: notesOf(pod, container, Object.keys(annotations)),
  };
}

interface Known {
  known: Readonly<Record<string, string | undefined>>;
  hidden: ReadonlySet<string>;
  mayHaveMore: boolean;
}

/** The command line as the pods have it; arguments whose value is in another object are apart. */
function lineOf(
  { command = [], args = [] }: Container,
  at: (path: Path) => string,
  { known, hidden, mayHaveMore }: Known,
): { given: Given[]; withReference: HiddenSetting[] } {
  const [program, ...behind] = command;
  if (program !== undefined && !/(?:^|\/)kured$/.test(program))
    throw new CommandRefused(
      `${at(["command", 0])}: the container starts ${JSON.stringify(program)}, not kured: its arguments cannot be read from here`,
    );
  const written = [
    ...behind.map((text, index) => ({ text, at: at(["command", index + 1]) })),
    ...args.map((text, index) => ({ text, at: at(["args", index]) })),
  ];
  const given: Given[] = [];
  const withReference: HiddenSetting[] = [];
  for (const one of written) {
    const text = expanded(one.text, known);
    const flag = /^--([^=]+)=/.exec(text)?.[1];
    if (flag === undefined || !refersTo(text, hidden, mayHaveMore) || !flagSet.has(flag)) {
      given.push({ ...one, text });
      continue;
    }
    const [, name = ""] = /\$\(([^)]*)\)/.exec(one.text) ?? [];
    withReference.push({ flag, at: one.at, variable: undefined, where: `the variable ${name}` });
  }
  return { given, withReference };
}

/** The fields that both pods have of their own node and namespace. */
function isOfPod({ valueFrom }: Variable): boolean {
  return ["spec.nodeName", "metadata.namespace"].includes(valueFrom?.fieldRef?.fieldPath ?? "");
}

function whereOf({ name, valueFrom }: Variable): string {
  const { secretKeyRef: secret, configMapKeyRef: map, fieldRef, resourceFieldRef } = valueFrom ?? {};
  if (secret !== undefined) return `the Secret ${secret.name}, key ${secret.key}`;
  if (map !== undefined) return `the ConfigMap ${map.name}, key ${map.key}`;
  if (fieldRef !== undefined) return `the field ${fieldRef.fieldPath} of the pod`;
  if (resourceFieldRef !== undefined) return `the resource ${resourceFieldRef.resource} of the pod`;
  return `another variable that ${name} refers to`;
}
