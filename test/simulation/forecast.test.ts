import { checkSeeds } from "./forecast-each-seed.ts";

describe("A forecast is what then happens", () => {
  // The others are in forecast-seeds.test.ts.
  checkSeeds(1, 5);
});
