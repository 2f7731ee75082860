/**
 * Tests that take minutes: kills at random moments, whether the storms find the bugs that are planted in the daemon, and the
 * budgets of all that is counted.
 */
const simulation = require("./.mocharc.simulation.cjs");
const cluster = require("./.mocharc.cluster.cjs");

module.exports = {
  ...simulation,
  parallel: false,
  spec: [...cluster.ignore, ...simulation.ignore, "test/bench/counted.test.ts"],
  ignore: [],
};
