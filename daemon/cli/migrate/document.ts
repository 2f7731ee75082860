/** Texts of YAML and JSON with the place of each value, so that a message can name its line. */
import { isNode, LineCounter, parseAllDocuments } from "yaml";
import { ConfigError } from "../../text/config-error.ts";
import { oneLine } from "../../text/one-line.ts";

/** The way to a value: keys of maps, and places in lists. */
export type Path = readonly (string | number)[];

export interface SourceDocument {
  readonly value: unknown;
  /** "kured.yaml:12": the line of the value, or of the nearest one above it that is there. */
  at(path: Path): string;
}

/** More aliases than any manifest has. */
const aliasesMax = 100;

/**
 * All documents that are not empty. JSON is read as YAML. Rejects with a ConfigError that names file, line and
 * column of the first fault.
 */
export async function readDocuments(file: string, text: string): Promise<SourceDocument[]> {
  const lineCounter = new LineCounter();
  const parsed = parseAllDocuments(text, { lineCounter, prettyErrors: false });
  const documents = Array.isArray(parsed) ? parsed : [];
  return documents.flatMap((document) => {
    const [fault] = document.errors;
    if (fault !== undefined) {
      const { line, col } = lineCounter.linePos(fault.pos[0]);
      throw new ConfigError(`${file}:${line}:${col}: this is no YAML or JSON: ${oneLine(fault.message)}`);
    }
    const lineOf = (path: Path): number => {
      const node = path.length === 0 ? document.contents : document.getIn(path, true);
      if (isNode(node) && node.range) return lineCounter.linePos(node.range[0]).line;
      return path.length === 0 ? 1 : lineOf(path.slice(0, -1));
    };
    const value = plain(file, () => document.toJS({ maxAliasCount: aliasesMax }));
    return value === null ? [] : [{ value, at: (path: Path) => `${file}:${lineOf(path)}` }];
  });
}

function plain(file: string, read: () => unknown): unknown {
  try {
    return read();
  } catch (error) {
    throw new ConfigError(`${file}: this is no YAML or JSON: ${oneLine((error as Error).message)}`);
  }
}
