import { request } from "undici";
import type { HttpPost } from "./alerts.ts";

/** Sends a form over HTTP. The signal is the only deadline. */
export const postForm: HttpPost = async (url, form, signal) => {
  const answer = await request(url, {
    method: "POST",
    headers: { "content-type": "application/x-www-form-urlencoded", accept: "application/json" },
    body: new URLSearchParams(form).toString(),
    signal,
  });
  return { status: answer.statusCode, text: await answer.body.text() };
};
