import { play } from "./play.ts";
import { drawScenario } from "./scenario.ts";

const [first = 1, count = 10] = process.argv.slice(2).map(Number);
let looks = 0;
const t0 = performance.now();
for (let seed = first; seed < first + count; seed++) {
  const t = performance.now();
  const scenario = drawScenario(seed);
  const played = await play(scenario);
  looks += played.looks;
  if (played.violations.length > 0) {
    console.log("SEED", seed, (performance.now() - t).toFixed(0), "ms");
    for (const v of played.violations) console.log("   ", v.promise, "|", v.message);
    if (count === 1) console.log(JSON.stringify(scenario, null, 1), played.story.join("\n"));
  } else console.log("ok", seed, (performance.now() - t).toFixed(0), "ms", played.looks);
}
console.log(((performance.now() - t0) / count).toFixed(0), "ms a seed", looks);
