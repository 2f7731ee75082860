import assert from "node:assert/strict";
import { keptOfPod, type WholePod } from "../../daemon/cluster/objects.ts";
import { kept } from "../../daemon/cluster/parts.ts";

describe("The kept parts of an object", () => {
  it("are whole fields, or parts of them, also of each item of a list", () => {
    const object = {
      a: { b: 1, c: 2 },
      list: [
        { x: 1, y: 2 },
        { x: 3, y: 4 },
      ],
      whole: { any: [1] },
      other: "o",
    };
    const left = kept(object, { a: { b: true }, list: { y: true }, whole: true });
    assert.deepEqual(left, { a: { b: 1 }, list: [{ y: 2 }, { y: 4 }], whole: { any: [1] } });
  });

  it("have no field that the object lacks", () => {
    const object: { a?: { b?: number }; c?: number[] } = { a: {} };
    assert.deepEqual(kept(object, { a: { b: true }, c: true }), { a: {} });
  });

  it("include a field of an unexpected type as it is", () => {
    const object: { a?: { b?: number }; c?: { d?: number }[] } = JSON.parse('{"a":"text","c":[null,1]}');
    assert.deepEqual(kept(object, { a: { b: true }, c: { d: true } }), { a: "text", c: [null, 1] });
  });

  it("are a few hundred bytes of a pod with megabytes in other fields", () => {
    const megabyte = "x".repeat(1e6);
    const pod: WholePod = {
      metadata: {
        name: "p",
        namespace: "default",
        uid: "u",
        annotations: { "example.com/note": megabyte, "karpenter.sh/do-not-disrupt": "true" },
        managedFields: [{ manager: megabyte }],
      },
      spec: {
        nodeName: "n1",
        containers: [
          { name: "main", args: [megabyte], resources: { limits: { cpu: "2" }, requests: { cpu: "1" } } },
        ],
        volumes: [{ name: "v", configMap: { name: megabyte } }],
      },
      status: {
        phase: "Running",
        message: megabyte,
        conditions: [{ type: "Ready", status: "True", message: megabyte }],
      },
    };
    assert.deepEqual(keptOfPod(pod), {
      metadata: {
        name: "p",
        namespace: "default",
        uid: "u",
        annotations: { "karpenter.sh/do-not-disrupt": "true" },
      },
      spec: {
        nodeName: "n1",
        containers: [{ resources: { requests: { cpu: "1" } } }],
        volumes: [{ name: "v" }],
      },
      status: { phase: "Running", conditions: [{ type: "Ready", status: "True" }] },
    });
  });
});
