/** The page as the browser gets it. */
export interface PageFiles {
  html: string;
  script: string;
  style: string;
}

/** The page as JSON. The bundle of the command defines it; the sources do not. */
declare const bundledPage: string | undefined;

/** Sources bundle their page as they start; the bundle has it already, and nothing of what makes it. */
export async function readPage(): Promise<PageFiles> {
  if (typeof bundledPage === "string") {
    return JSON.parse(bundledPage);
  } else {
    // A branch that the bundle leaves out, with what it loads.
    const { bundlePage } = await import("../../manifests/image/page.ts");
    return bundlePage();
  }
}
