import { connect, type Socket } from "node:net";
import type { Email, EmailServer, SendEmail } from "./email.ts";
import { DeliveryError, saidBy } from "./service.ts";

/**
 * Sends mail by nodemailer, which is loaded with the first mail only: it takes a megabyte. Certificates are checked
 * against those that Node trusts; there is no way through a proxy.
 */
export function createSendEmail(): SendEmail {
  return async (server, mail, signal) => {
    const { createTransport } = await import("nodemailer");
    const transport = createTransport({
      ...transportOf(server),
      getSocket: (_options, done) => connectTo(server, signal, done),
    });
    try {
      await transport.sendMail({ ...partsOf(mail), signal });
    } catch (cause) {
      throw asDeliveryError(cause as SmtpError);
    }
  };
}

/** Connects as the rest of the daemon does. nodemailer's own search for names does not know /etc/hosts. */
function connectTo(
  { host, port }: EmailServer,
  signal: AbortSignal,
  done: (error: Error | null, made: false | { connection: Socket }) => void,
): void {
  const socket = connect({ host, port });
  const stop = () => socket.destroy();
  const fail = (error: Error) => done(error, false);
  signal.addEventListener("abort", stop, { once: true });
  socket.once("close", () => signal.removeEventListener("abort", stop));
  socket.once("error", fail);
  socket.once("connect", () => {
    signal.removeEventListener("abort", stop);
    socket.off("error", fail);
    done(null, { connection: socket });
  });
}

function transportOf({ host, port, encryption, login, clientName }: EmailServer) {
  return {
    host,
    port,
    secure: encryption === "implicit",
    requireTLS: encryption === "required",
    ignoreTLS: encryption === "none",
    ...(clientName !== undefined && { name: clientName }),
    ...(login !== undefined && { auth: authOf(login) }),
    ...(login?.kind === "crammd5" && { authMethod: "CRAM-MD5" }),
  };
}

function authOf({ kind, user, secret }: NonNullable<EmailServer["login"]>) {
  return kind === "oauth2"
    ? ({ type: "OAuth2", user, accessToken: secret } as const)
    : { user, pass: secret };
}

function partsOf({ from, to, subject, text, html, at, messageId, inReplyTo, references }: Email) {
  return {
    from,
    // An object: no address is read as a list.
    to: { name: "", address: to },
    subject,
    text,
    ...(html !== undefined && { html }),
    date: new Date(at),
    messageId,
    inReplyTo,
    references: [...references],
    // No out-of-office reply comes back: https://www.rfc-editor.org/rfc/rfc3834#section-5
    headers: { "Auto-Submitted": "auto-generated" },
    // A text is a text, whatever it looks like.
    disableFileAccess: true,
    disableUrlAccess: true,
  };
}

/** https://nodemailer.com/errors */
interface SmtpError extends Error {
  code?: string;
  response?: string;
  responseCode?: number;
}

/** An answer of 500 and more is final: https://www.rfc-editor.org/rfc/rfc5321#section-4.2.1 */
function asDeliveryError(cause: SmtpError): Error {
  const { code, response, responseCode } = cause;
  if (responseCode !== undefined) {
    const said = saidBy(response ?? String(responseCode));
    const answered = code === "ETLS" ? "does not start TLS, and answered" : "answered";
    return new DeliveryError(`${answered} ${said}`, { isFinal: responseCode >= 500, cause });
  }
  // The login has failed without an answer that says so.
  if (code === "EAUTH") return new DeliveryError(saidBy(cause.message), { isFinal: true, cause });
  return cause;
}
