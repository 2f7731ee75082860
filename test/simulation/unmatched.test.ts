import assert from "node:assert/strict";
import { alert, field, vector } from "../prometheus/servers.ts";
import { slowCluster } from "./small-world.ts";
import { createStory, minute } from "./story.ts";

const story = createStory();
const { pass, saysOf, start, wantReboot } = story;

const day = 24 * 60 * minute;

describe("A node that waits for its window for weeks", () => {
  afterEach(story.stop);

  const named = [
    '--blocking-pod-selector="app=migratoin"',
    '--blocking-pod-namespace="shpo"',
    '--drain-pod-selector="tier=wbe"',
    '--drain-skip-namespace="mintoring"',
    '--block-on-query="ceph_helth > 0"',
    '--alert-matchers=severity="critcal"',
    "--alert-filter-regexp",
  ];
  const options = {
    window: "0 2 20 12 * for 4h",
    "blocking-pod-selector": "app=migratoin",
    "blocking-pod-namespace": "shpo",
    "drain-pod-selector": "tier=wbe",
    "drain-skip-namespace": "mintoring",
    "prometheus-url": "http://prometheus.test:9090",
    "block-on-query": "ceph_helth > 0",
    "alert-matchers": "severity=critcal",
    "alert-filter-regexp": "^Watchdgo$",
  };

  for (const preflight of ["on", "off"]) {
    it(`names once a day in its log each thing of its options that it never found, with --preflight=${preflight}`, async () => {
      const found = vector(alert("Watchdog"));
      const none = vector();
      await start(
        { ...options, preflight },
        {
          ...slowCluster,
          post: (url, form, signal) =>
            (field(form, "query")?.startsWith("ALERTS") ? found : none)(url, form, signal),
        },
      );
      await wantReboot();
      await pass(13 * day);
      assert.ok(!saysOf("has matched nothing"), "not before two weeks");
      await pass(3 * day);
      for (const one of named) {
        const lines = story.world.logs.filter((line) => line.includes(`${one} has matched nothing for `));
        assert.ok(lines.length >= 2 && lines.length <= 3, `${one}: ${lines.length} lines`);
      }
    }).timeout(300_000);
  }
});
