/** Too many for each run: part of `npm run test:long`. */
import { checkSeeds } from "./forecast-each-seed.ts";

describe("A forecast is what then happens, in more clusters", () => {
  checkSeeds(6, 45);
});
