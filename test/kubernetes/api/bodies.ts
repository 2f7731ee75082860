import { type ApiResponse, textOf } from "../../../daemon/cluster/transport.ts";

/** The whole body of an answer. */
export async function bodyOf(response: ApiResponse): Promise<string> {
  return (await textOf(response)) ?? "";
}

/** A body that comes at once. */
export async function* oneChunk(text: string): AsyncIterable<string> {
  yield text;
}
