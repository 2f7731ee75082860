import assert from "node:assert/strict";
import { createServer, type Server } from "node:net";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import type { SMTPServerOptions } from "smtp-server";
import type { EmailServer } from "../../daemon/notify/email.ts";
import { createSendEmail } from "../../daemon/notify/nodemailer.ts";
import { DeliveryError } from "../../daemon/notify/service.ts";
import { certificate } from "../kubernetes/api/https.ts";
import { login, mail, type StartedEmailServer, startEmailServer, wayTo } from "./email-server.ts";

const open: { close(): void }[] = [];
let tls: { key: string; cert: string };

async function mailServer(options: SMTPServerOptions = {}): Promise<StartedEmailServer> {
  const server = await startEmailServer({ ...tls, ...options });
  open.push(server);
  return server;
}

const send = createSendEmail();
const { signal } = new AbortController();
const rejection = async (way: EmailServer, given = signal): Promise<Error & Partial<DeliveryError>> =>
  await send(way, mail, given).then(
    () => assert.fail("the mail was taken"),
    (error) => error,
  );

describe("Mail by nodemailer", () => {
  const usual = getCACertificates("default");
  before(async () => {
    tls = await certificate("mail");
  });
  afterEach(() => {
    setDefaultCACertificates(usual);
    for (const server of open.splice(0)) server.close();
  });

  it("reaches its recipient, with its names and its texts", async () => {
    const { way, taken } = await mailServer({ disabledCommands: ["AUTH", "STARTTLS"] });
    await send(way, mail, signal);
    const [one] = taken;
    assert.equal(taken.length, 1);
    assert.equal(one?.from, "rebootd@example.com");
    assert.deepEqual(one?.to, ["a@example.com"]);
    const content = one?.content.replaceAll("\r\n", "\n") ?? "";
    for (const line of [
      "From: =?UTF-8?Q?Gr=C3=B6=C3=9Fe=2C_3?= <rebootd@example.com>",
      "To: a@example.com",
      "Subject: =?UTF-8?Q?n1=3A_the_drain_has_failed_=E2=9C=97?=",
      "Message-ID: <message.1@example.com>",
      "In-Reply-To: <topic.1@example.com>",
      "References: <wave.1@example.com> <topic.1@example.com>",
      "Date: Sun, 29 Nov 2026 02:00:00 +0000",
      "Auto-Submitted: auto-generated",
    ]) {
      assert.ok(content.includes(`${line}\n`), `${line}\n---\n${content}`);
    }
    assert.match(content, /\n\none\n\.\ntwo\n?$/);
  });

  it("has HTML beside its text", async () => {
    const { way, taken } = await mailServer();
    await send(way, { ...mail, html: "<p>one</p>" }, signal);
    assert.match(taken[0]?.content ?? "", /multipart\/alternative/);
    assert.match(taken[0]?.content ?? "", /text\/html[\s\S]+<p>one<\/p>/);
  });

  it("has no header that a text has brought", async () => {
    const { way, taken } = await mailServer();
    const from = { name: "x\r\nBcc: c@example.com", address: "rebootd@example.com" };
    await send(way, { ...mail, from, subject: "n1\r\nBcc: c@example.com\r\n\r\nHello" }, signal);
    const [head = ""] = taken[0]?.content.split("\r\n\r\n") ?? [];
    assert.doesNotMatch(head, /^Bcc/im);
    assert.deepEqual(taken[0]?.to, [mail.to]);
  });

  for (const encryption of ["required", "offered"] as const) {
    it(`is encrypted after STARTTLS where that is ${encryption}, with the login`, async () => {
      const { way, taken } = await mailServer();
      setDefaultCACertificates([...usual, tls.cert]);
      await send({ ...way, encryption, login }, mail, signal);
      assert.deepEqual([taken[0]?.isSecure, taken[0]?.user], [true, "me"]);
    });
  }

  it("is encrypted from the first byte", async () => {
    const { way, taken } = await mailServer({ secure: true });
    setDefaultCACertificates([...usual, tls.cert]);
    await send({ ...way, encryption: "implicit", login }, mail, signal);
    assert.deepEqual([taken[0]?.isSecure, taken[0]?.user], [true, "me"]);
  });

  for (const encryption of ["implicit", "required", "offered"] as const) {
    it(`is not sent to a server with a certificate of nobody: TLS ${encryption}`, async () => {
      const { way, taken } = await mailServer({ secure: encryption === "implicit" });
      const error = await rejection({ ...way, encryption, login });
      assert.match(error.message, /self.signed certificate/);
      assert.ok(!error.isFinal);
      assert.deepEqual(taken, []);
    });
  }

  it("does not show its password where STARTTLS is required, and not offered", async () => {
    const logins: unknown[] = [];
    const { way, taken } = await mailServer({
      disabledCommands: ["STARTTLS"],
      allowInsecureAuth: true,
      onAuth: (auth, _, done) => {
        logins.push(auth);
        done(null, { user: "me" });
      },
    });
    const error = await rejection({ ...way, encryption: "required", login });
    assert.match(error.message, /does not start TLS, and answered 500 /);
    assert.deepEqual([logins, taken], [[], []]);
  });

  it("logs in with CRAM-MD5, and with a token", async () => {
    const options: SMTPServerOptions = { allowInsecureAuth: true, hideSTARTTLS: true };
    const cram = await mailServer({ ...options, authMethods: ["CRAM-MD5", "PLAIN"] });
    await send({ ...cram.way, login: { ...login, kind: "crammd5" } }, mail, signal);
    assert.equal(cram.taken[0]?.user, "me");
    const oauth = await mailServer({
      ...options,
      authMethods: ["XOAUTH2"],
      onAuth: ({ username, accessToken }, _, done) =>
        done(accessToken === login.secret ? null : new Error("wrong token"), { user: username }),
    });
    await send({ ...oauth.way, login: { ...login, kind: "oauth2" } }, mail, signal);
    assert.equal(oauth.taken[0]?.user, "me");
    const wrong = await rejection({ ...oauth.way, login: { ...login, kind: "oauth2", secret: "old" } });
    assert.ok(wrong instanceof DeliveryError && wrong.isFinal, wrong.message);
  });

  it("is not tried again after a wrong password, which is not shown", async () => {
    const { way, taken } = await mailServer({ allowInsecureAuth: true });
    const error = await rejection({ ...way, login: { ...login, secret: "wr0ng-word" } });
    assert.ok(error instanceof DeliveryError && error.isFinal);
    assert.match(error.message, /answered 535 /);
    assert.doesNotMatch(error.message, /wr0ng-word/);
    assert.deepEqual(taken, []);
  });

  const busy = (responseCode: number) => Object.assign(new Error("try later"), { responseCode });
  const answers: [what: string, options: SMTPServerOptions, isFinal: boolean, said: RegExp][] = [
    ["421 to the connection", { onConnect: (_, done) => done(busy(421)) }, false, /421 try later/],
    ["554 to the connection", { onConnect: (_, done) => done(busy(554)) }, true, /554 try later/],
    ["451 to the sender", { onMailFrom: (_, __, done) => done(busy(451)) }, false, /451 try later/],
    ["450 to the recipient", { onRcptTo: (_, __, done) => done(busy(450)) }, false, /450 try later/],
    ["550 to the recipient", { onRcptTo: (_, __, done) => done(busy(550)) }, true, /550 try later/],
    [
      "452 to the text",
      { onData: (stream, _, done) => void stream.resume().on("end", () => done(busy(452))) },
      false,
      /452 try later/,
    ],
    [
      "552 to the text",
      { onData: (stream, _, done) => void stream.resume().on("end", () => done(busy(552))) },
      true,
      /552 try later/,
    ],
  ];
  for (const [what, options, isFinal, said] of answers) {
    it(`is ${isFinal ? "not tried again" : "tried again later"} after ${what}`, async () => {
      const { way } = await mailServer(options);
      const error = await rejection(way);
      assert.ok(error instanceof DeliveryError, String(error));
      assert.match(error.message, said);
      assert.equal(error.isFinal, isFinal);
    });
  }

  it("ends with its signal while the server says nothing", async () => {
    const server: Server = createServer();
    open.push(server);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const stop = new AbortController();
    const gone = new Promise<void>((resolve) => {
      server.on("connection", (socket) => {
        socket.resume().on("close", resolve);
        stop.abort(new Error("too late"));
      });
    });
    const way = wayTo(server.address());
    const error = await rejection(way, stop.signal);
    assert.ok(!(error instanceof DeliveryError));
    await gone;
    assert.ok((await rejection(way, AbortSignal.abort())) instanceof Error);
  });

  it("fails for now where no server is", async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const way = wayTo(server.address());
    await new Promise((resolve) => server.close(resolve));
    const error = await rejection(way);
    assert.ok(!error.isFinal);
    assert.match(error.message, /ECONNREFUSED/);
  });
});
