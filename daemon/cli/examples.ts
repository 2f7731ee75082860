import type { Command } from "commander";

interface Example {
  purpose: string;
  line: string;
}

const one = (purpose: string, line: string): Example => ({ purpose, line });

/** One or two for each subcommand, as they would be typed. */
export const examples: Readonly<Record<string, readonly Example[]>> = {
  run: [
    one("Print what the daemon would do on this node, and why", "rebootd run --node-id=worker-1 --once"),
    one(
      "Reboot in the night to Sunday only, two nodes at a time",
      'rebootd run --node-id=worker-1 --concurrency=2 --window="0 2 * * sun for 4h"',
    ),
  ],
  status: [
    one("Show the lock and the nodes that wait", "rebootd status"),
    one("Follow what keeps the nodes of a pool from rebooting", "rebootd status -w --blocked -l pool=db"),
  ],
  explain: [one("Say why two nodes do not reboot", "rebootd explain worker-1 worker-2")],
  history: [
    one("Show the last reboots of all nodes", "rebootd history --since=7d"),
    one("Show those of one node, with times", "rebootd history worker-1 -o wide"),
  ],
  forecast: [
    one("See when which node would reboot", "rebootd forecast"),
    one(
      "Would the whole fleet fit into the window on Saturday night?",
      'rebootd forecast --if-all-need --at "2026-12-05 22:00"',
    ),
  ],
  check: [
    one("See whether rebootd is installed as it should be", "rebootd check"),
    one("The same for a program", "rebootd check -o json"),
  ],
  config: [
    one("See the options with which a daemon would start here", "rebootd config --print --concurrency=2"),
    one("Print the JSON Schema of the configuration file", "rebootd config --schema"),
  ],
  watch: [one("Follow a roll on a terminal; q ends it", "rebootd watch")],
  wait: [
    one("Reboot a node, and go on once it is back", "rebootd wait worker-1 --for=rebooted --timeout=1h"),
    one("Wait until no node of a pool has anything to do", "rebootd wait -l pool=db --for=idle"),
  ],
  plan: [
    one("See what would block a drain", "rebootd plan worker-1"),
    one(
      "The same for a drain that deletes pods in the end",
      "rebootd plan worker-1 --drain-escalation=evict:10m,delete",
    ),
  ],
  lock: [one("Stop all new reboots during an incident", 'rebootd lock --reason="incident 4711"')],
  unlock: [
    one("Undo rebootd lock", "rebootd unlock"),
    one("Release the slot of a node that will not return", "rebootd unlock worker-1"),
  ],
  reboot: [
    one(
      "Request a reboot of a node that does not need one",
      'rebootd reboot worker-1 --reason="new firmware"',
    ),
    one(
      "See which nodes of a pool would be asked to reboot, one after the other",
      "rebootd reboot -l pool=db --dry-run",
    ),
  ],
  approve: [
    one("Let the next three nodes that wait for an approval reboot", "rebootd approve --next=3"),
    one("Take an approval back", "rebootd approve worker-1 --revoke"),
  ],
  pause: [
    one("Keep a node from rebooting for 8 hours", 'rebootd pause worker-1 --until=8h --reason="batch job"'),
    one("Keep all nodes from rebooting", "rebootd pause --all"),
  ],
  resume: [
    one("Let a node reboot again", "rebootd resume worker-1"),
    one("End the pause of all nodes, and a halt after failures", "rebootd resume --all"),
  ],
  ui: [
    one("Show the fleet in the browser", "rebootd ui"),
    one("The same with buttons to pause, resume, reboot and lock", "rebootd ui --allow-changes"),
  ],
  notify: [
    one("Try the destinations of messages", "rebootd notify --test --notify-url-file=/etc/rebootd/urls"),
  ],
  migrate: [
    one("Show how to replace the kured of the cluster", "rebootd migrate"),
    one("Read the values of kured's chart instead", "rebootd migrate -f values.yaml"),
  ],
  version: [
    one("See whether an update has reached all nodes", "rebootd version"),
    one("Ask no cluster", "rebootd version --client"),
  ],
  completion: [one("Load the completion into this bash or zsh", "source <(rebootd completion bash)")],
};

/** Shows the examples of a subcommand at the end of its help. */
export function addExamples(command: Command): void {
  const lines = (examples[command.name()] ?? []).map(({ purpose, line }) => `  # ${purpose}\n  ${line}\n`);
  if (lines.length > 0) command.addHelpText("after", `\nExamples:\n${lines.join("\n")}`.trimEnd());
}
