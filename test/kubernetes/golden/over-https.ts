import type { Agent } from "undici";
import type { Transport } from "../../../daemon/cluster/transport.ts";

/** HTTPS with a bearer token; "" sends no credentials at all. */
export function overHttps(agent: Agent, origin: string, token: string): Transport {
  return async ({ method, path, headers, body, signal }) => {
    const authorization = token === "" ? {} : { authorization: `Bearer ${token}` };
    const answer = await agent.request({
      origin,
      path,
      method,
      headers: { ...headers, ...authorization },
      body: body ?? null,
      signal,
    });
    return {
      status: answer.statusCode,
      header: (name) => answer.headers[name]?.toString(),
      text: () => answer.body.text(),
      chunks: () => answer.body.setEncoding("utf8") as AsyncIterable<string>,
    };
  };
}
