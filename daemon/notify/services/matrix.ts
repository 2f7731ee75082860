import type { HttpRequest } from "../../http/send.ts";
import { cutBytes } from "../../text/cut.ts";
import { headingOf } from "../appearance.ts";
import { digest } from "../digest.ts";
import { toEach } from "../each-target.ts";
import { escapeHtml } from "../markup.ts";
import type { Message } from "../message.ts";
import { DeliveryError, deliver, type Fields, fieldsOf, type Net, type Service } from "../service.ts";
import { decoded, flagOf, listOf, parameters, serverAddress } from "../url-parts.ts";

/** https://spec.matrix.org/v1.11/client-server-api/#sending-events-to-a-room */
export const matrix: Service = {
  name: "matrix",
  schemes: ["matrix"],
  form: "matrix://USER:PASSWORD@HOST[:PORT] or matrix://:TOKEN@HOST, with [/?rooms=!ROOM-ID,ALIAS:SERVER&title=TITLE&disabletls=no]",
  parse(url) {
    const given = parameters(url, ["rooms", "room", "title", "disabletls"]);
    const server = serverAddress(url, { isPlain: flagOf("disabletls", given.disabletls, false) });
    const [user, password] = [decoded(url.username), decoded(url.password)];
    if (password === "")
      throw new Error("must have a password after the user, or an access token as :TOKEN@");
    if (url.pathname.length > 1) throw new Error("must have nothing after the host but parameters");
    const named = [...listOf(given.rooms), ...listOf(given.room)];
    const rooms = named.map((room) => (/^[#!]/.test(room) ? room : `#${room}`));
    if (!rooms.every((room) => /^(!.+|#.+:.+)$/.test(room))) {
      throw new Error("must have in rooms only !ROOM-ID or ALIAS:SERVER");
    }
    const call = sessionOf(`${server}/_matrix/client/v3`, user, password);
    const ids = new Map<string, string>();
    const targets =
      rooms.length > 0 ? rooms : (message: Message, net: Net) => joinedRooms(call, message, net);
    return toEach(targets, async (room, message, net, thread) => {
      // To join is to accept an invitation, to find the ID of an alias, or nothing.
      const id = rooms.length > 0 ? (ids.get(room) ?? (await join(call, room, message, net))) : room;
      // A repeat has the same transaction, and is no second message. Some servers do not tell rooms apart in it.
      const path = `/rooms/${encodeURIComponent(id)}/send/m.room.message/${digest(`${message.id} ${id}`)}`;
      const body = { ...contentOf(message, given.title), ...(thread !== undefined && relationTo(thread)) };
      try {
        const { event_id } = await call(net, message.node, { method: "PUT", path, body });
        ids.set(room, id);
        return thread ?? (typeof event_id === "string" ? event_id : undefined);
      } catch (error) {
        ids.delete(room);
        throw error;
      }
    });
  },
};

type Call = (
  net: Net,
  node: string,
  request: { method: HttpRequest["method"]; path: string; body?: object },
) => Promise<Fields>;

/**
 * Sends requests with the token, or with the one of a login if there is a user. The login is repeated when the server
 * does not know its token any more.
 */
function sessionOf(base: string, user: string, password: string): Call {
  let token = user === "" ? password : undefined;
  return async function call(net, node, { method, path, body }) {
    const isKnown = token !== undefined;
    token ??= await logIn(base, user, password, node, net);
    try {
      const answer = await deliver(net, {
        method,
        url: `${base}${path}`,
        headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
        body: body && JSON.stringify(body),
      });
      return fieldsOf(answer.text);
    } catch (error) {
      const code = error instanceof DeliveryError ? error.fields["errcode"] : undefined;
      if (user === "" || code !== "M_UNKNOWN_TOKEN") throw error;
      token = undefined;
      if (!isKnown) throw error;
      return await call(net, node, { method, path, ...(body && { body }) });
    }
  };
}

/** https://spec.matrix.org/v1.11/client-server-api/#post_matrixclientv3login; each node is one device. */
async function logIn(base: string, user: string, password: string, node: string, net: Net): Promise<string> {
  const answer = await deliver(net, {
    method: "POST",
    url: `${base}/login`,
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      type: "m.login.password",
      identifier: { type: "m.id.user", user },
      password,
      device_id: `rebootd-${node}`,
      initial_device_display_name: `rebootd on ${node}`,
    }),
  });
  const { access_token } = fieldsOf(answer.text);
  if (typeof access_token !== "string") throw new DeliveryError("answered the login without a token");
  return access_token;
}

async function join(call: Call, room: string, { node }: Message, net: Net): Promise<string> {
  const request = { method: "POST", path: `/join/${encodeURIComponent(room)}`, body: {} } as const;
  const { room_id } = await call(net, node, request);
  if (typeof room_id !== "string") throw new DeliveryError(`answered without the ID of the room ${room}`);
  return room_id;
}

async function joinedRooms(call: Call, { node }: Message, net: Net): Promise<string[]> {
  const { joined_rooms } = await call(net, node, { method: "GET", path: "/joined_rooms" });
  const rooms = Array.isArray(joined_rooms)
    ? joined_rooms.filter((room) => typeof room === "string").sort()
    : [];
  if (rooms.length === 0) throw new DeliveryError("answered that the user is in no room", { isFinal: true });
  return rooms.slice(0, roomsMax);
}

/** Rooms that are not named; nobody means to tell more of them. */
const roomsMax = 50;

function contentOf(message: Message, title: string | undefined): object {
  const heading = headingOf(message, title);
  const text = cutBytes(message.text, textMaxBytes);
  const place = `${message.node} · ${message.event}`;
  const link = message.runbook ?? "";
  const html = [
    `<strong>${escapeHtml(heading)}</strong>`,
    escapeHtml(text).replaceAll("\n", "<br>"),
    `<em>${escapeHtml(place)}</em>`,
    link === "" ? "" : `<a href="${escapeHtml(link)}">Runbook</a>`,
  ];
  return {
    msgtype: "m.text",
    body: [heading, text, place, link].filter((line) => line !== "").join("\n"),
    format: "org.matrix.custom.html",
    formatted_body: html.filter((line) => line !== "").join("<br>"),
    // Nobody is mentioned, also not by @room: https://spec.matrix.org/v1.11/client-server-api/#user-and-room-mentions
    "m.mentions": {},
  };
}

/** An event is at most 65,536 bytes, and has the text twice, once with escapes. */
const textMaxBytes = 6000;

/** https://spec.matrix.org/v1.11/client-server-api/#fallback-for-unthreaded-clients */
function relationTo(root: string): object {
  return {
    "m.relates_to": {
      rel_type: "m.thread",
      event_id: root,
      is_falling_back: true,
      "m.in_reply_to": { event_id: root },
    },
  };
}
