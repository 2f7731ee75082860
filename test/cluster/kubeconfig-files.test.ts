import assert from "node:assert/strict";
import { mergeKubeconfigs } from "../../daemon/cluster/kubeconfig-files.ts";
import { everyRow } from "../rows.ts";

const cluster = (name: string, server: string) => `{name: ${name}, cluster: {server: "${server}"}}`;

describe("Kubeconfig files", () => {
  it("are merged by name, and the first file wins", () => {
    const { clusters, users, contexts, ...rest } = mergeKubeconfigs([
      {
        file: "/a/one",
        text: `clusters: [${cluster("default", "https://one")}]\nusers: [{name: u, user: {token: a}}]`,
      },
      {
        file: "/b/two",
        text:
          `clusters: [${cluster("default", "https://two")}, ${cluster("other", "https://other")}]\n` +
          "users: [{name: u, user: {username: x}}]\ncontexts: [{name: c, context: {cluster: other, user: u}}]\ncurrent-context: c",
      },
      { file: "/c/three", text: "current-context: later" },
    ]);
    assert.deepEqual(
      [clusters, users, contexts, rest],
      [
        [
          { name: "default", cluster: { server: "https://one" } },
          { name: "other", cluster: { server: "https://other" } },
        ],
        [{ name: "u", user: { token: "a" } }],
        [{ name: "c", context: { cluster: "other", user: "u" } }],
        { "current-context": "c" },
      ],
    );
  });

  it("may be the same file twice", () => {
    const text = `clusters: [${cluster("default", "https://one")}]\nusers: [{name: u, user: {token: a}}]`;
    const one = { file: "/a/one", text };
    assert.deepEqual(mergeKubeconfigs([one, one]), mergeKubeconfigs([one]));
  });

  it("may be empty", () => {
    for (const text of [
      "",
      "\n",
      "# nothing yet\n",
      "clusters:\nusers: null\ncontexts: []\ncurrent-context: ''",
    ]) {
      assert.deepEqual(mergeKubeconfigs([{ file: "/a", text }]), {
        clusters: [],
        users: [],
        contexts: [],
        "current-context": "",
      });
    }
  });

  it("have paths relative to their own folder", () => {
    const merged = mergeKubeconfigs([
      {
        file: "/home/me/.kube/config",
        text: `
clusters: [{name: c, cluster: {server: "https://c", certificate-authority: pki/ca.crt}}]
users:
- {name: files, user: {client-certificate: me.crt, client-key: ../me.key, tokenFile: token}}
- {name: absolute, user: {client-certificate: /etc/me.crt, client-key: "", tokenFile: null}}
- {name: plugin, user: {exec: {command: ./bin/login, args: [./not-a-path]}}}
- {name: plugin-in-path, user: {exec: {command: aws}}}
`,
      },
    ]);
    assert.deepEqual(merged.clusters?.[0]?.cluster?.["certificate-authority"], "/home/me/.kube/pki/ca.crt");
    assert.deepEqual(
      merged.users?.map(({ user }) => user),
      [
        {
          "client-certificate": "/home/me/.kube/me.crt",
          "client-key": "/home/me/me.key",
          tokenFile: "/home/me/.kube/token",
        },
        { "client-certificate": "/etc/me.crt", "client-key": "", tokenFile: null },
        { exec: { command: "/home/me/.kube/bin/login", args: ["./not-a-path"] } },
        { exec: { command: "aws" } },
      ],
    );
  });

  const refused: [what: string, text: string, message: RegExp][] = [
    ["not YAML", "a: [", /^\/f is not YAML: /],
    ["a word", "kubeconfig", /^\/f is not a kubeconfig: /],
    ["a list", "[]", /^\/f is not a kubeconfig: /],
    ["invalid entries", "users: [a]", /^\/f is not a kubeconfig: users\.0: /],
    ["an entry without a name", "users: [{user: {}}]", /^\/f is not a kubeconfig: users\.0\.name: /],
    ["a name twice", "users: [{name: u}, {name: u}]", /^\/f has the user "u" twice$/],
  ];
  it("are rejected if one is invalid, and the message names it", () =>
    everyRow(refused, (text, message) => {
      const files = [
        { file: "/ok", text: "users: [{name: u}]" },
        { file: "/f", text },
      ];
      assert.throws(() => mergeKubeconfigs(files), { message });
    }));
});
