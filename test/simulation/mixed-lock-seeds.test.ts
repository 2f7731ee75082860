/** Too many for each run: part of `npm run test:long`. */
import { checkSeeds } from "./mixed-lock-each-seed.ts";

describe("Five nodes with kured and five with rebootd share a lock, in more storms", () => {
  checkSeeds(7, 194);
});
