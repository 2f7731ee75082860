import type { Service } from "./service.ts";
import { gotify } from "./services/gotify.ts";

/** Every kind of destination. A plain web address belongs to the first that recognizes it. */
export const services: readonly Service[] = [gotify];
