import type { NotifyIo } from "../../daemon/cli/notify.ts";

/** Commands that have nobody to send messages to. */
export const openMessages: NotifyIo["openMessages"] = async () => ({
  destinations: () => [],
  net: {
    send: () => Promise.reject(new Error("there is no network")),
    email: () => Promise.reject(new Error("there is no network")),
  },
});
