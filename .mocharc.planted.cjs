/** Whether the storms find the bugs that are planted in the daemon. */
const simulation = require("./.mocharc.simulation.cjs");

module.exports = { ...simulation, parallel: false, spec: simulation.ignore, ignore: [] };
