import assert from "node:assert/strict";
import { createClient } from "../../daemon/cluster/client.ts";
import { listAll, pageSize } from "../../daemon/cluster/pages.ts";
import { systemClock } from "../../daemon/time/clock.ts";

const megabyte = 1024 * 1024;
const { signal } = new AbortController();

interface Item {
  metadata: { name: string };
  text: string;
}

/** A server with objects of these sizes in characters; and what it was asked for, and how much it has sent of each answer. */
function serverOf(sizes: readonly number[]) {
  const asked: { limit: number; sent: number }[] = [];
  const api = createClient({
    clock: systemClock,
    async transport({ path }) {
      const { searchParams } = new URL(path, "https://server");
      const from = Number(searchParams.get("continue") ?? 0);
      const limit = Number(searchParams.get("limit"));
      const answer = { limit, sent: 0 };
      asked.push(answer);
      async function* chunks() {
        const end = Math.min(from + limit, sizes.length);
        yield `{"metadata":${JSON.stringify(end < sizes.length ? { continue: String(end) } : {})},"items":[`;
        for (let index = from; index < end; index += 1) {
          const size = sizes[index] ?? 0;
          answer.sent += size;
          const item: Item = { metadata: { name: `o${index}` }, text: "x".repeat(size) };
          yield `${index > from ? "," : ""}${JSON.stringify(item)}`;
        }
        yield "]}";
      }
      return { status: 200, header: () => undefined, chunks };
    },
  });
  const names = () => listAll<Item, string>(api, "/api/v1/pods", { signal }, ({ metadata }) => metadata.name);
  return { asked, names };
}

const namesOf = (count: number) => Array.from({ length: count }, (_, index) => `o${index}`);

describe("A list", () => {
  it("of ordinary objects has pages of 250", async () => {
    const { asked, names } = serverOf(Array(600).fill(5000));
    assert.deepEqual(await names(), namesOf(600));
    assert.deepEqual(
      asked.map(({ limit }) => limit),
      [pageSize, pageSize, pageSize],
    );
  });

  it("of objects of a megabyte is read, at most 9 MB at a time", async () => {
    const { asked, names } = serverOf(Array(60).fill(1.2 * megabyte));
    assert.deepEqual(await names(), namesOf(60));
    assert.deepEqual(
      asked.slice(0, 4).map(({ limit }) => limit),
      [250, 31, 3, 3],
    );
    const most = Math.max(...asked.map(({ sent }) => sent));
    assert.ok(most < 10 * megabyte, `${most} characters`);
    assert.ok(asked.length < 25, `${asked.length} requests`);
  });

  it("with a few large objects has small pages only for them", async () => {
    const { asked, names } = serverOf([...Array(8).fill(1.2 * megabyte), ...Array(500).fill(3000)]);
    assert.deepEqual(await names(), namesOf(508));
    assert.deepEqual(asked.at(-1)?.limit, pageSize);
    assert.ok(asked.length < 10, `${asked.length} requests`);
  });

  it("with an object above the limit is rejected", async () => {
    const { names } = serverOf([9 * megabyte]);
    await assert.rejects(names, /list .*limit=1: the answer has more than 8388608 characters/);
  });
});
