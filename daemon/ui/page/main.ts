/** The page: it follows the event stream of its server, and shows the fleet. */
import type { NodeTile, StreamMessages } from "../wire.ts";

const nodes = new Map<string, NodeTile>();
const stream = new EventSource("events");

on("fleet", (fleet) => {
  nodes.clear();
  for (const node of fleet.nodes) nodes.set(node.name, node);
  show();
});
on("change", ({ nodes: changed, gone }) => {
  for (const name of gone) nodes.delete(name);
  for (const node of changed) nodes.set(node.name, node);
  show();
});
on("trouble", ({ message = "" }) => {
  const shown = document.querySelector("#trouble");
  if (shown !== null) shown.textContent = message;
});

function on<N extends keyof StreamMessages>(name: N, take: (message: StreamMessages[N]) => void): void {
  stream.addEventListener(name, ({ data }: MessageEvent<string>) => take(JSON.parse(data)));
}

function show(): void {
  const lines = [...nodes.values()].map(({ name, phase, troubles, why }) => {
    const line = document.createElement("li");
    line.textContent = [name, phase, ...troubles, ...why].join("; ");
    return line;
  });
  document.querySelector("#fleet")?.replaceChildren(...lines);
}
