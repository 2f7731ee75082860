/** The stream of the server, opened again with a back-off whenever it ends. */
import type { StreamMessages } from "../wire.ts";

export type Takers = { [N in keyof StreamMessages]: (message: StreamMessages[N]) => void } & {
  open(): void;
  lost(): void;
};

const retryMinMs = 1000;
const retryMaxMs = 30_000;

export function follow(address: string, takers: Takers): void {
  let retryMs = retryMinMs;
  open();

  function open(): void {
    const stream = new EventSource(address);
    stream.addEventListener("open", () => {
      retryMs = retryMinMs;
      takers.open();
    });
    stream.addEventListener("error", () => {
      takers.lost();
      // The browser tries again by itself, but not after an answer that is no stream.
      if (stream.readyState !== EventSource.CLOSED) return;
      stream.close();
      setTimeout(open, retryMs);
      retryMs = Math.min(retryMaxMs, 2 * retryMs);
    });
    listen("fleet");
    listen("change");
    listen("trouble");

    function listen<N extends keyof StreamMessages>(name: N): void {
      stream.addEventListener(name, ({ data }: MessageEvent<string>) => takers[name](JSON.parse(data)));
    }
  }
}
