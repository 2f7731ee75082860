/** The way from this process to a mail server, as the service smtp sees it. */

/** A mail server, and how it is spoken to. */
export interface EmailServer {
  /** A name, or an address without brackets. */
  host: string;
  port: number;
  /** TLS from the first byte, TLS after STARTTLS, the same where the server offers it, or none. */
  encryption: "implicit" | "required" | "offered" | "none";
  login: EmailLogin | undefined;
  /** How this process names itself; undefined for the name of the host. */
  clientName: string | undefined;
}

export interface EmailLogin {
  /** plain also stands for the mechanism LOGIN, which some servers have in its place. */
  kind: "plain" | "crammd5" | "oauth2";
  user: string;
  /** A password, or an access token of OAuth 2. */
  secret: string;
}

/** A mail. Its texts are without control characters but for the line breaks of `text` and `html`. */
export interface Email {
  from: { name: string; address: string };
  to: string;
  subject: string;
  text: string;
  html: string | undefined;
  /** When it happened: RFC 3339, UTC. */
  at: string;
  /** Between angle brackets, as all names of mails: https://www.rfc-editor.org/rfc/rfc5322#section-3.6.4 */
  messageId: string;
  inReplyTo: string;
  references: readonly string[];
}

/**
 * Hands a mail to the server. Rejects with a DeliveryError for what the server answers, and with whatever the network
 * failed with. The signal is the only deadline.
 */
export type SendEmail = (server: EmailServer, mail: Email, signal: AbortSignal) => Promise<void>;
