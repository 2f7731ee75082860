import assert from "node:assert/strict";
import { readFileSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { drawPage, type PicturePng, pictureNames } from "../pictures/page.ts";
import { type Browser, startBrowser } from "./browser.ts";

const fileOf = (name: PicturePng) => fileURLToPath(new URL(`../../docs/images/${name}`, import.meta.url));

/** Fonts and ages differ from machine to machine and from hour to hour: a picture is old if more than that does. */
const [cellsAcross, cellDifferenceMax, cellsOtherMax] = [60, 24, 0.04];

/** Draws both small, and returns the part of the cells that have another colour. */
const compare = `async ([one, other]) => {
  const cells = async (png) => {
    const image = await createImageBitmap(await (await fetch("data:image/png;base64," + png)).blob());
    const [width, height] = [${cellsAcross}, Math.round((${cellsAcross} * image.height) / image.width)];
    const canvas = new OffscreenCanvas(width, height);
    const context = canvas.getContext("2d");
    context.imageSmoothingQuality = "high";
    context.drawImage(image, 0, 0, width, height);
    return context.getImageData(0, 0, width, height).data;
  };
  const [a, b] = [await cells(one), await cells(other)];
  if (a.length !== b.length) return 1;
  let others = 0;
  for (let at = 0; at < a.length; at += 4) {
    if ([0, 1, 2].some((n) => Math.abs(a[at + n] - b[at + n]) > ${cellDifferenceMax})) others += 1;
  }
  return others / (a.length / 4);
}`;

describe("The pictures of the page in the documentation", () => {
  let drawn: Record<PicturePng, Buffer>;
  let browser: Browser;

  before(async function () {
    this.timeout(180_000);
    drawn = await drawPage();
    browser = await startBrowser();
  });
  after(() => browser?.close());

  async function partThatDiffers(one: Buffer, other: Buffer): Promise<number> {
    const { page, close } = await browser.open();
    const both = JSON.stringify([one.toString("base64"), other.toString("base64")]);
    const part = Number(await page.evaluate(`(${compare})(${both})`));
    await close();
    return part;
  }

  for (const name of pictureNames) {
    it(`show what the page is today: ${name}`, async () => {
      const part = await partThatDiffers(readFileSync(fileOf(name)), drawn[name]);
      const difference = `${(100 * part).toFixed(1)} % of docs/images/${name} are old: npm run pictures -- page`;
      assert.ok(part <= cellsOtherMax, difference);
    });

    it(`are small: ${name}`, () => assert.ok(statSync(fileOf(name)).size < 150_000));
  }

  it("would be found to be old if they showed something else", async () => {
    assert.ok((await partThatDiffers(drawn["page-light.png"], drawn["page-dark.png"])) > 0.5);
    assert.equal(await partThatDiffers(drawn["page-light.png"], drawn["page-light.png"]), 0);
  });
});
