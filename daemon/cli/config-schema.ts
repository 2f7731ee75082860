/** The schema as JSON. The bundle defines it; the sources do not. */
declare const bundledConfigSchema: string | undefined;

/** The JSON Schema of the configuration file. The bundle has it ready, and nothing of what makes it. */
export async function readConfigSchema(): Promise<unknown> {
  if (typeof bundledConfigSchema === "string") {
    return JSON.parse(bundledConfigSchema);
  } else {
    // A branch that the bundle leaves out, with what it loads.
    const { optionsSchema } = await import("../config/schema.ts");
    return optionsSchema();
  }
}
