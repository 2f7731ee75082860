import { kubernetesItem, nodesItem } from "./cluster.ts";
import { coverageItem, daemonSetItem, imageItem, optionsItem } from "./daemons.ts";
import type { Item } from "./finding.ts";
import { lockItem, recordsItem } from "./lock-item.ts";
import { peersItem } from "./peers.ts";
import { policiesItem } from "./policies.ts";
import { daemonRightsItem, ownRightsItem } from "./rights.ts";
import { alertmanagerItem, alertRulesItem, messagesItem, metricsItem, prometheusItem } from "./servers.ts";

/** Everything that `rebootd check` looks at, in the order in which it is shown. */
export const items: readonly Item[] = [
  kubernetesItem,
  nodesItem,
  ownRightsItem,
  daemonSetItem,
  coverageItem,
  imageItem,
  optionsItem,
  daemonRightsItem,
  policiesItem,
  lockItem,
  recordsItem,
  peersItem,
  prometheusItem,
  alertmanagerItem,
  alertRulesItem,
  metricsItem,
  messagesItem,
];
