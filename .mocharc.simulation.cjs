/** The whole daemon in virtual time, and storms: they wait for nothing but the processors. */
const {
  extension,
  timeout,
  slow,
  "forbid-only": only,
  "forbid-pending": pending,
} = require("./.mocharc.cluster.cjs");

module.exports = {
  // One thread a process: those that help to collect garbage take more of two processors than they save.
  "node-option": ["single-threaded-gc", "max-semi-space-size=32"],
  parallel: true,
  jobs: 2,
  extension,
  spec: ["test/simulation/**/*.test.ts"],
  // A run of its own: `npm run test:planted`.
  ignore: ["test/simulation/storm/planted-bugs.test.ts"],
  timeout,
  slow,
  "forbid-only": only,
  "forbid-pending": pending,
};
