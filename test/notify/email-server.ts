import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { SMTPServer, type SMTPServerOptions } from "smtp-server";
import type { Email, EmailServer } from "../../daemon/notify/email.ts";

export const mail: Email = {
  from: { name: "Größe, 3", address: "rebootd@example.com" },
  to: "a@example.com",
  subject: "n1: the drain has failed ✗",
  text: "one\n.\ntwo",
  html: undefined,
  at: "2026-11-29T02:00:00.000Z",
  messageId: "<message.1@example.com>",
  inReplyTo: "<topic.1@example.com>",
  references: ["<wave.1@example.com>", "<topic.1@example.com>"],
};

/** The only login that the server takes. */
export const login = { kind: "plain", user: "me", secret: "s3cret-word" } as const;

/** A mail as the server has got it. */
export interface Taken {
  from: string;
  to: string[];
  content: string;
  user: string | undefined;
  isSecure: boolean;
}

export interface StartedEmailServer {
  /** To this server, without TLS. */
  way: EmailServer;
  taken: readonly Taken[];
  close(): void;
}

/** A mail server on loopback, with the certificate among `options`. */
export async function startEmailServer(options: SMTPServerOptions): Promise<StartedEmailServer> {
  const taken: Taken[] = [];
  const server = new SMTPServer({
    closeTimeout: 100,
    authOptional: true,
    onAuth({ username, password, validatePassword, method }, _, done) {
      const isRight = method === "CRAM-MD5" ? validatePassword(login.secret) : password === login.secret;
      done(isRight ? null : new Error("Invalid username or password"), { user: username });
    },
    async onData(stream, { envelope, user, secure }, done) {
      const content = await text(stream);
      const from = envelope.mailFrom === false ? "" : envelope.mailFrom.address;
      const to = envelope.rcptTo.map(({ address }) => address);
      taken.push({ from, to, content, user, isSecure: secure });
      done();
    },
    ...options,
  });
  // Clients that leave in the middle are part of the tests.
  server.on("error", () => {});
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { way: wayTo(server.server.address()), taken, close: () => server.close(() => {}) };
}

/** To a port of loopback, without TLS and login. */
export function wayTo(address: AddressInfo | string | null): EmailServer {
  const { port } = address as AddressInfo;
  return { host: "127.0.0.1", port, encryption: "none", login: undefined, clientName: "n1" };
}
