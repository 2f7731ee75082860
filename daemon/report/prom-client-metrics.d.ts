/** The default metrics of prom-client one by one; its own types have only all of them at once. */
declare module "prom-client/lib/metrics/*.js" {
  import type { Registry } from "prom-client";
  export default function addTo(register: Registry): void;
}
