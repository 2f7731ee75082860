/** Tests of chance, which take minutes: kills at random moments, and whether the storms find the bugs that are planted in the daemon. */
const simulation = require("./.mocharc.simulation.cjs");
const cluster = require("./.mocharc.cluster.cjs");

module.exports = {
  ...simulation,
  parallel: false,
  spec: [...cluster.ignore, ...simulation.ignore],
  ignore: [],
};
