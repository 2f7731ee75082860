import { cut } from "../../text/cut.ts";
import { oneLine } from "../../text/one-line.ts";
import { digest } from "../digest.ts";
import { toEach } from "../each-target.ts";
import type { EmailLogin, EmailServer } from "../email.ts";
import type { Message } from "../message.ts";
import type { Service } from "../service.ts";
import { decoded, flagOf, listOf, parameters, pathParts, serverAddress } from "../url-parts.ts";

const names = [
  ...["fromaddress", "from", "fromname", "toaddresses", "to", "subject", "title"],
  ...["auth", "encryption", "usestarttls", "starttls", "usehtml", "clienthost"],
] as const;

/** https://containrrr.dev/shoutrrr/v0.8/services/email/ */
export const smtp: Service = {
  name: "smtp",
  schemes: ["smtp"],
  form: "smtp://[USER:PASSWORD@]HOST[:PORT]/?fromAddress=ADDRESS&toAddresses=ADDRESS,ADDRESS[&encryption=Auto]",
  parse(url) {
    const given = parameters(url, names);
    if (pathParts(url).length > 0) throw new Error("must have nothing after the host but parameters");
    const server = serverOf(url, given);
    const address = addressOf("fromAddress", given.fromaddress ?? given.from);
    const from = { name: oneLine(given.fromname ?? ""), address };
    const to = listOf(given.toaddresses ?? given.to).map((one) => addressOf("toAddresses", one));
    if (to.length === 0) throw new Error("must have toAddresses=ADDRESS");
    const isHtml = flagOf("useHTML", given.usehtml, false);
    const domain = address.replace(/^.*@/, "");
    const named = (kind: string, text: string) => `<${kind}.${digest(text)}@${domain}>`;
    return toEach(to, async (recipient, message, net) => {
      // Mails of one topic belong to each other, and those of one night too. Nothing is sent under these names.
      const [wave, topic] = [named("wave", message.wave), named("topic", message.topic)];
      const mail = {
        from,
        to: recipient,
        subject: cut(oneLine(given.subject ?? given.title ?? message.title), subjectMaxChars),
        text: plainText(message),
        html: isHtml ? html(message) : undefined,
        at: message.at,
        // A repeat has the same name, so mail programs show it once.
        messageId: named("message", message.id),
        inReplyTo: topic,
        references: [wave, topic],
      };
      await net.email(server, mail, net.signal);
      return undefined;
    });
  },
};

const subjectMaxChars = 200;
const implicitTlsPort = 465;

type Given = Partial<Record<(typeof names)[number], string>>;

function serverOf(url: URL, given: Given): EmailServer {
  serverAddress(url);
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  const port = Number(url.port || 25);
  const login = loginOf(url, given.auth);
  const clientHost = given.clienthost ?? "localhost";
  return {
    host,
    port,
    encryption: encryptionOf(given, { host, port, login }),
    login,
    clientName: clientHost.toLowerCase() === "auto" ? undefined : clientHost,
  };
}

const loginKinds: Readonly<Record<string, EmailLogin["kind"] | undefined>> = {
  none: undefined,
  plain: "plain",
  crammd5: "crammd5",
  oauth2: "oauth2",
};

function loginOf({ username, password }: URL, auth = "unknown"): EmailLogin | undefined {
  const word = auth.toLowerCase();
  if (word === "unknown" && username === "") return undefined;
  const name = word === "unknown" ? "plain" : word;
  if (!Object.hasOwn(loginKinds, name)) {
    throw new Error("must have an auth of None, Plain, CRAMMD5, OAuth2 or Unknown");
  }
  const kind = loginKinds[name];
  if (kind === undefined) return undefined;
  const [user, secret] = [decoded(username), decoded(password)];
  if (user === "" || secret === "") throw new Error("must have USER:PASSWORD before @, or auth=None");
  return { kind, user, secret };
}

/** A server on this host: what is said to it does not cross the network. */
const ownHosts = ["localhost", "127.0.0.1", "::1"];

/**
 * The meaning of the words is that of shoutrrr: encryption=None excludes TLS from the first byte, not STARTTLS. A
 * password is not sent without TLS.
 */
function encryptionOf(
  given: Given,
  { host, port, login }: Pick<EmailServer, "host" | "port" | "login">,
): EmailServer["encryption"] {
  const word = (given.encryption ?? "auto").toLowerCase();
  if (!["none", "explicittls", "implicittls", "auto"].includes(word)) {
    throw new Error("must have an encryption of None, ExplicitTLS, ImplicitTLS or Auto");
  }
  if (word === "implicittls" || (word === "auto" && port === implicitTlsPort)) return "implicit";
  const isWanted = flagOf("useStartTLS", given.usestarttls ?? given.starttls, true);
  const showsSecret = login !== undefined && login.kind !== "crammd5" && !ownHosts.includes(host);
  if (word === "explicittls" || showsSecret) {
    if (isWanted) return "required";
    throw new Error("must have TLS for the password, so useStartTLS=yes or encryption=ImplicitTLS");
  }
  return isWanted ? "offered" : "none";
}

/** In the parameters of a URL, + is a space; shoutrrr takes a space in an address as +. */
function addressOf(name: string, given = ""): string {
  const address = given.trim().replaceAll(" ", "+");
  if (/^[^\s@<>()[\],;:"\\]+@[^\s@<>()[\],;:"\\]+$/.test(address)) return address;
  throw new Error(`must have ${name}=NAME@DOMAIN`);
}

function plainText({ text, runbook }: Message): string {
  return runbook === undefined ? text : `${text}\n\n${runbook}`;
}

function html({ text, runbook }: Message): string {
  const link = runbook === undefined ? "" : `<p><a href="${escaped(runbook)}">Runbook</a></p>`;
  return `<p>${escaped(text).replaceAll("\n", "<br>")}</p>${link}`;
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
}
