/** The page as the documentation shows it: a night in three zones, in a browser. */
import type { Tab } from "../system/browser.ts";
import { type Stage, startStage } from "../system/page-stage.ts";
import { shopFleet } from "../ui/shop-fleet.ts";

/** By the name of the file in docs/images. */
const pictures = {
  "page-light.png": { view: "#/", colorScheme: "light", height: 900 },
  "page-dark.png": { view: "#/", colorScheme: "dark", height: 900 },
  "page-node.png": { view: "#/node/worker-06", colorScheme: "light", height: 690 },
} as const;

export type PicturePng = keyof typeof pictures;
export const pictureNames = Object.keys(pictures) as PicturePng[];

/** Draws all of them, by the names of their files. Needs the browser of the system tests. */
export async function drawPage(): Promise<Record<PicturePng, Buffer>> {
  const stage = await startStage(shopFleet(Date.now()));
  try {
    const drawn: Partial<Record<PicturePng, Buffer>> = {};
    for (const name of pictureNames) drawn[name] = await draw(stage, name);
    return drawn as Record<PicturePng, Buffer>;
  } finally {
    await stage.stop();
  }
}

async function draw(stage: Stage, name: PicturePng): Promise<Buffer> {
  const { view, colorScheme, height } = pictures[name];
  const tab = await stage.open(view, { colorScheme, viewport: { width: 1100, height } });
  await isDrawn(tab);
  const picture = await tab.page.screenshot({ animations: "disabled", caret: "hide" });
  await tab.close();
  return picture;
}

/** Nothing says any more that it is being read, and the next two frames have come. */
async function isDrawn({ page }: Tab): Promise<void> {
  await page.locator(".muted:visible", { hasText: "Reading" }).first().waitFor({ state: "hidden" });
  await page.evaluate(
    "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 200))))",
  );
}
