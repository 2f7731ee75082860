import type { Limits } from "./scenario.ts";

/** A bug to plant: text in a file of the daemon, and what stands there instead. */
export interface Mutant {
  name: string;
  /** Which storms are to find it; any, where nothing is said. */
  limits?: Limits;
  /** One of them that finds it; `npm run simulate -- --mutants` looks for others. */
  seed: number;
  file: string;
  /** `where`: another file than `file`. */
  edits: readonly (readonly [text: string, instead: string, where?: string])[];
}

/** Each breaks one promise, as a slip of the pen would. */
export const mutants: readonly Mutant[] = [
  {
    name: "release before the uncordon",
    seed: 1,
    file: "cycle/returning.ts",
    edits: [
      [
        "if (missing.length > 0) return waitFor(missing, context);",
        'if (missing.length > 0) return waitFor(missing, context); if (seen.lock === undefined) return look("lock"); if (seen.lock.held) return { action: { do: "release" }, why: "early" };',
      ],
    ],
  },
  {
    name: "no uncordon",
    seed: 1,
    file: "cycle/returning.ts",
    edits: [["unmarkRebooted(removable(policy.marks, record, seen), record, node),", "{},"]],
  },
  {
    name: "a slot that is lost is not looked at again",
    seed: 66,
    file: "cycle/right.ts",
    edits: [['if (!lock.held) return withdrawn("this node no longer holds the slot");', ""]],
  },
  {
    name: "a clock takes a slot that is held",
    seed: 5,
    file: "lock/lock.ts",
    edits: [
      ['if (typeof TTL !== "number" || TTL <= 0 || typeof created !== "string") return false;', ""],
      ["return now - Date.parse(created) >= TTL / 1e6;", 'return now - Date.parse(created ?? "") >= 60_000;'],
    ],
  },
  {
    name: "uncordons what a person has cordoned",
    seed: 23,
    file: "cycle/marks.ts",
    edits: [['...(record.cordoned && !leavesCordon(node) && { cordon: "clear" }),', 'cordon: "clear",']],
  },
  {
    name: "the deadline of the drain is forgotten",
    seed: 253,
    file: "cycle/draining.ts",
    edits: [["const began = since + seen.unreachableMs;", "const began = now;"]],
  },
  {
    name: "a lost answer enters twice",
    seed: 1,
    file: "lock/lock.ts",
    edits: [
      ["if (live.some((other) => isOwn(other, self))) return live;", ""],
      [
        "return [...leave(live, self).map(({ neededSince: _, ...other }) => other), holder];",
        "return [...live, holder];",
      ],
      ["lock.holders.some((holder) => isOwn(holder, self) && !isExpired(holder, now))", "false"],
    ],
  },
  {
    name: "a lock set by hand does not count in the shape for several",
    seed: 17,
    file: "lock/limits.ts",
    edits: [
      [
        "const manual = holdersOf(lock).find(isManual);",
        "const manual = isSeveral(lock) ? undefined : holdersOf(lock).find(isManual);",
      ],
    ],
  },
  {
    name: "the window is looked at only at the start",
    seed: 77,
    file: "gates/window.ts",
    edits: [['? ["start"] : ["start", "drain", "reboot"],', '? ["start"] : ["start"],']],
  },
  {
    name: "given back before it is Ready",
    seed: 4,
    file: "cycle/returning.ts",
    edits: [['if (!node.ready) return { ...due, what: "the node is not Ready" };', ""]],
  },
  {
    name: "the lock is written whatever its version",
    seed: 11,
    file: "lock/lock-object.ts",
    edits: [["resourceVersion: metadata?.resourceVersion, annotations", "annotations"]],
  },
  {
    name: "the need is not looked at again",
    seed: 43,
    file: "cycle/right.ts",
    edits: [
      ['if (need.state !== "needed") return withdrawn', 'if (need.state === "unknown") return withdrawn'],
    ],
  },
  {
    name: "takes slots of nodes that are there",
    seed: 6,
    file: "lock/orphans.ts",
    edits: [["if (node === undefined || isAnother) orphans.push(holder);", "orphans.push(holder);"]],
  },
  {
    name: "reboots for ever for a need that does not go away",
    seed: 17,
    file: "cycle/failed.ts",
    edits: [["if (record.reboots >= policy.maxRebootsPerNeed) {", "if (record.reboots >= 1000) {"]],
  },
  {
    name: "the limits of others do not count",
    seed: 89,
    file: "lock/limits.ts",
    edits: [
      [
        "Math.min(own, ...others.map(({ concurrency }) => asCount(concurrency) ?? unsaid))",
        "Math.max(own, unsaid === 1 ? 1 : 1)",
      ],
    ],
  },
  {
    name: "a lock that cannot be read is free",
    seed: 114,
    file: "lock/limits.ts",
    edits: [
      [
        'if (lock.state === "unreadable") return { gate: "lock", code: "lock-unreadable", message: lock.why };',
        "",
      ],
    ],
  },
  {
    name: "labels are left behind",
    seed: 2,
    file: "cycle/marks.ts",
    edits: [["...(labels.length > 0 && { labels: Object.fromEntries(labels) }),", ""]],
  },
  {
    name: "the taint is left behind",
    seed: 1,
    file: "cycle/marks.ts",
    edits: [["...(isTainted && soften(undefined, record, node).change),", ""]],
  },
  {
    name: "reboots with pods that have not gone",
    seed: 31,
    file: "cycle/draining.ts",
    edits: [["if (!context.policy.rebootAnyway) return", "if (context.policy.rebootAnyway) return"]],
  },
  {
    name: "an uncordoned node is drained on",
    seed: 38,
    file: "cycle/right.ts",
    edits: [["if (!node.unschedulable && !record.announced)", "if (record.announced && !record.announced)"]],
  },
  {
    name: "a node's pause is looked at only at the start",
    seed: 40,
    file: "gates/paused.ts",
    edits: [['stages: ["start", "drain", "reboot"]', 'stages: ["start"]']],
  },
  {
    name: "a pause of all ends no drain",
    seed: 25,
    file: "cycle/right.ts",
    edits: [['if (lock.refusal?.gate === "paused") return withdrawn(lock.refusal.message);', ""]],
  },
  {
    name: "a pause of all is no refusal",
    seed: 20,
    file: "lock/limits.ts",
    edits: [["    pause && {", "    pause && undefined && {"]],
  },
  {
    name: "a request is served again and again",
    seed: 5,
    file: "cycle/request.ts",
    edits: [["return isServed ? { [contract.request.key]: null } : {};", "return isServed ? {} : {};"]],
  },
  {
    name: "patches of the Node name no version",
    seed: 392,
    file: "cycle/node.ts",
    edits: [["    ...(resourceVersion !== undefined && { resourceVersion }),\n", ""]],
  },
  {
    name: "nobody looks for nodes that are down without a slot",
    seed: 68,
    file: "lock/cluster-looks.ts",
    edits: [["view.absent = await absent.now(signal);", ""]],
  },
  {
    name: "what is refused is tried again at once",
    seed: 18,
    file: "cycle/setbacks.ts",
    edits: [
      [
        "const waitMs = Math.max(retryAfterOf(error), pauseOf(kindOf(step), isRace ? times - 1 : times));",
        "const waitMs = pauseOf(kindOf(step), isRace ? times - 1 : times) / 1000;",
      ],
    ],
  },
  {
    name: "a cycle that was broken off is begun again at once",
    seed: 5,
    file: "cycle/failed.ts",
    edits: [
      [
        "withdrawn: { firstMs: 2 * 60_000, maxMs: backoffMaxMs, factor: 5 }",
        "withdrawn: { firstMs: 0, maxMs: backoffMaxMs, factor: 5 }",
      ],
    ],
  },
  {
    name: "what comes back to a cordoned node is evicted again",
    seed: 3,
    file: "drain/progress/makers.ts",
    edits: [
      ["if (isBack ||", "if ("],
      ["if (tie !== undefined &&", "if (tie === undefined &&"],
      [
        "const late = { max: 8, firstMs: 1000, maxMs: 30_000 }",
        "const late = { max: 1e6, firstMs: 1000, maxMs: 4000 }",
      ],
    ],
  },
  {
    name: "a budget that is released after the cordon keeps a node from starting",
    seed: 2,
    file: "drain/budgets.ts",
    edits: [['code: "budget-held"', 'code: "budget-never"']],
  },
  {
    name: "what was seen is believed for ever",
    seed: 2,
    file: "cluster/belief.ts",
    edits: [["(clock.elapsed() < trustedUntil ? known?.value : undefined)", "known?.value"]],
  },
  {
    name: "the Node is believed though its watch is broken",
    seed: 19,
    file: "cycle/own-node.ts",
    edits: [["    cycle.distrust();\n", ""]],
  },
  {
    name: "a shutdown that is under way is undone",
    limits: { alone: { kind: "slow-shutdown", rate: 10 } },
    seed: 1,
    file: "cycle/restoring.ts",
    edits: [
      [
        'if (seen.shutdown === "under-way") {\n    const why = "the machine has been going down for longer',
        'if (seen.shutdown === undefined) {\n    const why = "the machine has been going down for longer',
        "cycle/rebooting.ts",
      ],
      [
        'if (seen.shutdown === "under-way") {\n    return wait(`',
        "if (seen.shutdown === undefined) {\n    return wait(`",
      ],
    ],
  },
  {
    name: "the record's times are not set with the clock",
    limits: { alone: { kind: "clock-step", rate: 10 } },
    seed: 23,
    file: "cycle/memory.ts",
    edits: [["if (last !== undefined) keep({ ...last, record: shifted(last.record, setByMs) });", ""]],
  },
  {
    name: "kured's entry for the same node counts as ours",
    limits: { alone: { kind: "kured", rate: 10 } },
    seed: 1,
    file: "lock/lock.ts",
    edits: [
      [
        "if (nodeUID !== undefined || concurrency !== undefined) return true;",
        "if (nodeUID !== null || concurrency !== undefined) return true;",
      ],
    ],
  },
  {
    name: "a machine that is put back to a snapshot counts as rebooted",
    limits: { alone: { kind: "put-back", rate: 10 } },
    seed: 8,
    file: "cycle/returning.ts",
    edits: [
      [
        'if (proof === "none") return unproved',
        'if (proof === "none" && record.attempt > 99) return unproved',
      ],
      [
        'if ((proof === "full" && isBootIDOf(seen)) || (proof === "soft" && isUserspaceOf(seen)))',
        "if (record.attempt > 99)",
      ],
    ],
  },
  {
    name: "the slot is released without a look at the Node",
    limits: { alone: { kind: "restored", rate: 10 } },
    seed: 10,
    file: "cycle/decision.ts",
    edits: [
      [
        'if (node === undefined) return look("node");\n  if (node !== "gone" &&',
        'if (node !== undefined && node !== "gone" &&',
      ],
    ],
  },
  {
    name: "static pods of another member do not count",
    limits: { controlPlane: 3, alone: { kind: "slow-etcd", rate: 10 } },
    seed: 4,
    file: "lock/limits.ts",
    edits: [["if (podsDown.length === 0) return undefined;", "if (podsDown.length >= 0) return undefined;"]],
  },
  {
    name: "a node is back before its static pods are Ready",
    limits: { controlPlane: 3, alone: { kind: "slow-etcd", rate: 10 } },
    seed: 82,
    file: "cycle/own-pods.ts",
    edits: [["if (isCriticalStaticPod(pod)) return true;", ""]],
  },
  {
    name: "the reason on the Node is written once",
    limits: { alone: { kind: "alerts", rate: 10 } },
    seed: 133,
    file: "cycle/waiting.ts",
    edits: [
      [
        'if (record.phase === "Waiting" && now < due && record.taint === softTaint) {',
        'if (record.phase === "Waiting" && record.reasons.length > 0 && record.taint === softTaint) {',
      ],
    ],
  },
  {
    name: "a watch goes on at the version from before a restore",
    limits: { alone: { kind: "restored", rate: 10 } },
    seed: 70,
    file: "cluster/informer.ts",
    edits: [["if (list !== undefined) version =", "version ="]],
  },
  {
    name: "a cycle that is never let begin keeps its slot",
    limits: { alone: { kind: "refused", rate: 10 } },
    seed: 123,
    file: "cycle/beginning.ts",
    edits: [["const beginTriesMax = 3;", "const beginTriesMax = 1000;"]],
  },
  {
    name: "time without a server counts as drain time",
    limits: { alone: { kind: "outage", rate: 10 } },
    seed: 24,
    file: "cycle/draining.ts",
    edits: [["const began = since + seen.unreachableMs;", "const began = Date.parse(begun.since);"]],
  },
  {
    name: "a node that fails again and again is never given up",
    limits: { alone: { kind: "refused", rate: 10 } },
    seed: 33,
    file: "cycle/failed.ts",
    edits: [
      [
        "return maxFailuresPerNode > 0 && failures >= maxFailuresPerNode;",
        "return maxFailuresPerNode < 0 && failures >= maxFailuresPerNode;",
      ],
    ],
  },
  {
    name: "the reboot does not ask how old its checks are",
    limits: { alone: { kind: "suspended", rate: 10 } },
    seed: 110,
    file: "cycle/perform.ts",
    edits: [["if (checkedMs > checksMaxMs)", "if (checkedMs < 0)"]],
  },
  {
    name: "a pod that has outlasted a drain is evicted by the next one",
    seed: 46,
    file: "drain/long-grace.ts",
    edits: [["if (graceSeconds < slowGraceSeconds) {", "if (graceSeconds > 0) {"]],
  },
  {
    name: "a drain does not say what it waits for",
    seed: 2,
    file: "cycle/draining.ts",
    edits: [["if (now >= reportAt) return", "if (now < 0) return"]],
  },
  {
    name: "whatever the Node carries is believed",
    limits: { alone: { kind: "forged-record", rate: 10 } },
    seed: 118,
    file: "cycle/foreign.ts",
    edits: [["if (isAhead || isDown) {", "if (Date.now() < 0) {"]],
  },
  {
    name: "a record that says that its node is drained is believed after a start",
    limits: { alone: { kind: "forged-record", rate: 40 } },
    seed: 423,
    file: "cycle/rebooting.ts",
    edits: [["if (!seen.isDrained) {", "if (Date.now() < 0) {"]],
  },
  {
    name: "what the lock says of the boot proves nothing",
    limits: { alone: { kind: "forged-record", rate: 40 } },
    seed: 17,
    file: "cycle/returning.ts",
    edits: [
      [
        'if ((proof === "full" && isBootIDOf(seen)) || (proof === "soft" && isUserspaceOf(seen)))',
        "if (Date.now() < 0)",
      ],
    ],
  },
  {
    name: "labels of Kubernetes are put back as a record says",
    limits: { alone: { kind: "forged-record", rate: 10 } },
    seed: 4,
    file: "cycle/marks.ts",
    edits: [["&& isOurs(key))", ")"]],
  },
  {
    name: "a node stays in maintenance by its conditions",
    seed: 1,
    file: "report/conditions.ts",
    edits: [
      ['      : isNot("MaintenanceInProgress"', '      : is("X", "so") ?? isNot("MaintenanceInProgress"'],
    ],
  },
  {
    name: "failed drains halt nothing, though that is asked for",
    seed: 59,
    file: "lock/failures.ts",
    edits: [["return haltAfter[option] > 0 &&", 'return option === "reboots" && haltAfter[option] > 0 &&']],
  },
  {
    name: "failures that cannot be read halt nothing",
    limits: { alone: { kind: "forged-lock", rate: 10 } },
    seed: 4,
    file: "lock/failures.ts",
    edits: [["return isNever ? undefined :", "return isNever || !isNever ? undefined :"]],
  },
  {
    name: "messages that have not arrived are forgotten with the process",
    seed: 16,
    file: "cycle/save.ts",
    edits: [["mail: ports.messages.toKeep({ from: before, to: write.record, why })", "mail: undefined"]],
  },
  {
    name: "silences are not ended",
    seed: 2,
    file: "silence/plan.ts",
    edits: [
      [
        "if (cycle === undefined) return ending(live, now);",
        "if (cycle === undefined) return { steps: [], endsAt: 0 };",
      ],
    ],
  },
  {
    name: "a second silence after a restart",
    seed: 2,
    file: "silence/silences.ts",
    edits: [
      [
        "const own = ownSilences(silences, nodeName, matchers);",
        "const own = ownSilences(silences, nodeName, matchers).filter(({ id }) => created[index]?.id === id);",
      ],
    ],
  },
  {
    name: "a silence is extended for ever",
    seed: 2,
    file: "silence/plan.ts",
    edits: [
      ["const endsAt = Math.min(now + lengthMs, began + capMs);", "const endsAt = now + lengthMs * 12;"],
    ],
  },
  {
    name: "a silence matches names that begin with the name of its node",
    seed: 2,
    file: "silence/matchers.ts",
    edits: [
      [
        "return { ...matcher, value: matcher.value.replaceAll(placeholder, name) };",
        "return { ...matcher, isRegex: true, value: matcher.value.replaceAll(placeholder, name + '.*') };",
      ],
    ],
  },
  {
    name: "pods that ask for time are not waited for",
    seed: 5,
    file: "gates/opt-outs.ts",
    edits: [["if (asking.length === 0)", "if (asking.length >= 0)"]],
  },
  {
    name: "a pod of a DaemonSet that is to stop is left",
    seed: 20,
    file: "drain/select.ts",
    edits: [
      ["return isStopped(pod, selection) ?", "return isStopped(pod, { ...selection, stopped: undefined }) ?"],
    ],
  },
  {
    name: "a pod that a DaemonSet puts back is stopped too",
    seed: 50,
    file: "drain/progress/step.ts",
    edits: [
      [
        "const stays = whyLeft(progress, makers, one);",
        'const stays = verdict.do === "stop" ? undefined : whyLeft(progress, makers, one);',
      ],
    ],
  },
  {
    name: "a soft reboot is proved by the count from before",
    limits: { alone: { kind: "soft-reboot", rate: 10 } },
    seed: 1,
    file: "cycle/reboot-kind.ts",
    edits: [
      ["userspace.softReboots > record.softReboots ?", "userspace.softReboots >= record.softReboots ?"],
    ],
  },
  {
    name: "a soft reboot is called a reboot",
    limits: { alone: { kind: "soft-reboot", rate: 10 } },
    seed: 1,
    file: "cycle/returning.ts",
    edits: [['proof === "soft" ? softRebootedMessage : rebootedMessage', "rebootedMessage"]],
  },
  {
    name: "the Job before the reboot is run again for each try",
    limits: { alone: { kind: "hook-job", rate: 10 } },
    seed: 1,
    file: "cycle/before-job.ts",
    edits: [['is: "ended"', 'is: "asked"']],
  },
  {
    name: "reboots a node that is taken away",
    limits: { alone: { kind: "taken-away", rate: 10 } },
    seed: 3,
    file: "cycle/right.ts",
    edits: [["if (departing !== undefined) return withdrawn(departing.message);", ""]],
  },
  {
    name: "a killed daemon restarts a Deployment a second time",
    limits: { alone: { kind: "stuck-start", rate: 3 } },
    seed: 1,
    file: "drain/perform.ts",
    edits: [["const mark = markOf(options.cordonedAt);", "const mark = markOf(options.clock.elapsed());"]],
  },
];
