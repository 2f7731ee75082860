import assert from "node:assert/strict";
import { parseQuantity, quantityText } from "../../daemon/cluster/quantity.ts";
import { everyRow } from "../rows.ts";

describe("A quantity", () => {
  const rows: [text: string, thousandths: number, shown: string][] = [
    ["0", 0, "0"],
    ["2", 2000, "2"],
    ["500m", 500, "0.5"],
    ["0.1", 100, "0.1"],
    ["2.003", 2003, "2.003"],
    ["100u", 1, "0.001"],
    ["1n", 1, "0.001"],
    ["1k", 1e6, "1000"],
    ["1e3", 1e6, "1000"],
    ["1Ki", 1024e3, "1024"],
    ["128974848", 128974848e3, "123Mi"],
    ["1Gi", 1024 ** 3 * 1000, "1Gi"],
    ["1.5Gi", 1.5 * 1024 ** 3 * 1000, "1536Mi"],
    ["2Ti", 2 * 1024 ** 4 * 1000, "2Ti"],
    ["1000M", 1e12, "1000000000"],
  ];
  it("is read in thousandths, and shown in binary units", () =>
    everyRow(
      rows.map((row) => [row[0], ...row] as const),
      (text, thousandths, shown) => {
        assert.equal(parseQuantity(text), thousandths);
        assert.equal(quantityText(thousandths), shown);
      },
    ));

  it("may have the suffix E, which is not an exponent", () => assert.equal(parseQuantity("1E"), 1e21));

  it("adds up exactly", () => {
    const sum = ["100m", "0.2", "700m"].map(parseQuantity).reduce((a, b) => a + b);
    assert.equal(sum, parseQuantity("1"));
  });

  it("is NaN for an invalid text", () =>
    everyRow(
      ["", "much", "1GB", "Gi", "1.2.3"].map((text) => [JSON.stringify(text), text] as const),
      (text) => assert.equal(parseQuantity(text), Number.NaN),
    ));
});
