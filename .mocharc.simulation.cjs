/** The whole daemon in virtual time, and storms: they wait for nothing but the processors. */
const { extension, slow, "forbid-only": only, "forbid-pending": pending } = require("./.mocharc.cluster.cjs");

module.exports = {
  // One thread a process: those that help to collect garbage take more of two processors than they save.
  "node-option": ["single-threaded-gc", "max-semi-space-size=32"],
  parallel: true,
  jobs: 2,
  extension,
  spec: ["test/simulation/**/*.test.ts"],
  // A run of its own: `npm run test:long`.
  ignore: [
    "test/simulation/storm/planted-bugs.test.ts",
    "test/simulation/forecast-seeds.test.ts",
    "test/simulation/mixed-lock-seeds.test.ts",
  ],
  // Their own deadlines are in virtual time. This one ends what hangs, on a busy machine too.
  timeout: 240_000,
  slow,
  "forbid-only": only,
  "forbid-pending": pending,
};
