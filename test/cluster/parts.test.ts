import assert from "node:assert/strict";
import { keptOfPod, type WholePod } from "../../daemon/cluster/objects.ts";
import { kept } from "../../daemon/cluster/parts.ts";

describe("What is kept of an object", () => {
  it("is a field whole, or parts of it, of each item of a list, too", () => {
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

  it("has no field that the object has not", () => {
    const object: { a?: { b?: number }; c?: number[] } = { a: {} };
    assert.deepEqual(kept(object, { a: { b: true }, c: true }), { a: {} });
  });

  it("takes a field of another form than it should have as it is", () => {
    const object: { a?: { b?: number }; c?: { d?: number }[] } = JSON.parse('{"a":"text","c":[null,1]}');
    assert.deepEqual(kept(object, { a: { b: true }, c: { d: true } }), { a: "text", c: [null, 1] });
  });

  it("is of a pod with megabytes of what is not read a few hundred bytes", () => {
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
