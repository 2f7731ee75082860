import assert from "node:assert/strict";
import perfHooks from "node:perf_hooks";
import sinon from "sinon";
import { createProcessMetrics } from "../../daemon/report/process-metrics.ts";

describe("The metrics of the process", () => {
  afterEach(() => sinon.restore());

  it("tell of its processor time, memory, files, start and version", async () => {
    const text = await createProcessMetrics().metrics();
    for (const name of [
      "process_cpu_seconds_total",
      "process_start_time_seconds",
      "process_resident_memory_bytes",
      "process_open_fds",
      "process_max_fds",
      "nodejs_heap_size_used_bytes",
    ]) {
      assert.match(text, new RegExp(`^${name} \\d`, "m"), name);
    }
    assert.ok(text.includes(`nodejs_version_info{version="${process.version}"`));
  });

  it("do nothing between two scrapes, which would wake an idle processor", () => {
    const delay = sinon.spy(perfHooks, "monitorEventLoopDelay");
    const observer = sinon.spy(perfHooks.PerformanceObserver.prototype, "observe");
    createProcessMetrics();
    assert.equal(delay.callCount + observer.callCount, 0);
  });
});
