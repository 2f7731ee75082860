import assert from "node:assert/strict";
import type { Message } from "../../../daemon/notify/message.ts";
import { message } from "../builders.ts";
import { receiverForEach } from "../receiver.ts";
import { itIsRefused } from "../refused.ts";

/** https://containrrr.dev/shoutrrr/v0.8/services/email/ */
describe("smtp", () => {
  const receiver = receiverForEach();

  const addresses = "fromAddress=rebootd@example.com&toAddresses=ops@example.com";
  const sent = async (url: string, changes: Partial<Message> = {}) => {
    await receiver.deliver(url, message(changes));
    return receiver.mails.at(-1) ?? assert.fail("no mail");
  };

  it("gets a mail for each recipient", async () => {
    const { server, mail } = await sent(
      "smtp://me%40example.com:p%3Ass@mail.example.com:587/?from=rebootd@example.com&fromName=Reboots&to=a@example.com,+b+nodes@example.com",
    );
    assert.deepEqual(server, {
      host: "mail.example.com",
      port: 587,
      encryption: "required",
      login: { kind: "plain", user: "me@example.com", secret: "p:ss" },
      clientName: "localhost",
    });
    const { messageId, inReplyTo, references, ...rest } = mail;
    assert.deepEqual(rest, {
      from: { name: "Reboots", address: "rebootd@example.com" },
      to: "b+nodes@example.com",
      subject: "n1: the drain has failed",
      text: "shop/cart-0 remains: the budget shop/cart allows no disruption\n\nhttps://example.com/runbooks/drain-failed",
      html: undefined,
      at: "2026-11-29T02:00:00.000Z",
    });
    assert.deepEqual(
      receiver.mails.map(({ mail: { to } }) => to),
      ["a@example.com", "b+nodes@example.com"],
    );
    assert.match(messageId, /^<message\.[0-9a-f]{32}@example\.com>$/);
    assert.deepEqual(references.at(-1), inReplyTo);
  });

  it("gets a repeat under the same name, and other mails of the topic and of the night in the same thread", async () => {
    const url = `smtp://mail.example.com/?${addresses}`;
    const { mail: first } = await sent(url);
    const { mail: repeat } = await sent(url);
    const { mail: done } = await sent(url, { id: "n1/done", kind: "done" });
    const { mail: other } = await sent(url, { id: "n2/done", topic: "n2" });
    assert.equal(repeat.messageId, first.messageId);
    assert.notEqual(done.messageId, first.messageId);
    assert.equal(done.inReplyTo, first.inReplyTo);
    assert.notEqual(other.inReplyTo, first.inReplyTo);
    assert.equal(other.references[0], first.references[0]);
    const ids = [first, done, other].map(({ messageId }) => messageId);
    assert.ok(!ids.some((id) => first.references.includes(id)));
  });

  it("gets no second header from hostile texts, and no markup in HTML", async () => {
    const { mail } = await sent(`smtp://mail.example.com/?${addresses}&useHTML=yes`, {
      title: "n1\r\nBcc: a@b.c",
      text: "one\n<img src='x'>&",
      runbook: 'https://example.com/"><script>',
    });
    assert.equal(mail.subject, "n1 Bcc: a@b.c");
    assert.equal(
      mail.html,
      "<p>one<br>&#60;img src=&#39;x&#39;&#62;&#38;</p>" +
        '<p><a href="https://example.com/&#34;&#62;&#60;script&#62;">Runbook</a></p>',
    );
    assert.equal((await sent(`smtp://mail.example.com/?${addresses}&subject=Nodes`)).mail.subject, "Nodes");
  });

  const ways: [authority: string, parameters: string, encryption: string, login: string | undefined][] = [
    ["mail.example.com", "", "offered", undefined],
    ["mail.example.com", "&encryption=None", "offered", undefined],
    ["mail.example.com", "&useStartTLS=no", "none", undefined],
    ["mail.example.com", "&encryption=ExplicitTLS", "required", undefined],
    ["mail.example.com", "&encryption=ImplicitTLS", "implicit", undefined],
    ["mail.example.com:465", "", "implicit", undefined],
    ["mail.example.com:465", "&encryption=None&startTLS=no", "none", undefined],
    ["me:secret1@mail.example.com", "", "required", "plain"],
    ["me:secret1@mail.example.com", "&auth=Plain", "required", "plain"],
    ["me:secret1@mail.example.com", "&auth=OAuth2", "required", "oauth2"],
    ["me:secret1@mail.example.com", "&auth=CRAMMD5", "offered", "crammd5"],
    ["me:secret1@mail.example.com", "&auth=None", "offered", undefined],
    ["me:secret1@localhost", "&useStartTLS=no", "none", "plain"],
    ["me:secret1@[::1]:2525", "", "offered", "plain"],
  ];
  for (const [authority, parameters, encryption, login] of ways) {
    const url = `smtp://${authority}/?${addresses}${parameters}`;
    it(`has TLS ${encryption} and the login ${login} as ${authority} ${parameters}`, async () => {
      const { server } = await sent(url);
      assert.deepEqual([server.encryption, server.login?.kind], [encryption, login]);
    });
  }

  it("names itself as the URL says", async () => {
    const named = async (host: string) =>
      (await sent(`smtp://[2001:db8::1]/?${addresses}&clientHost=${host}`)).server;
    assert.equal((await named("node.example.com")).clientName, "node.example.com");
    const { clientName, host, port } = await named("Auto");
    assert.deepEqual([clientName, host, port], [undefined, "2001:db8::1", 25]);
  });

  const refused: [url: string, rule: RegExp][] = [
    [`smtp:///?${addresses}`, /must have a host after :\/\/; the form is smtp:/],
    [`smtp://mail.example.com/inbox?${addresses}`, /must have nothing after the host but parameters/],
    ["smtp://mail.example.com/?toAddresses=ops@example.com", /must have fromAddress=NAME@DOMAIN/],
    ["smtp://mail.example.com/?fromAddress=rebootd@example.com", /must have toAddresses=ADDRESS/],
    ["smtp://mail.example.com/?from=a@b.c&to=ops", /must have toAddresses=NAME@DOMAIN/],
    ["smtp://mail.example.com/?from=a@b.c&to=a@b.c%0d%0aBcc:d@e.f", /must have toAddresses=NAME@DOMAIN/],
    [`smtp://me@mail.example.com/?${addresses}`, /must have USER:PASSWORD before @, or auth=None/],
    [`smtp://mail.example.com/?${addresses}&auth=Plain`, /must have USER:PASSWORD before @/],
    [`smtp://me:secret1@mail.example.com/?${addresses}&auth=NTLM`, /must have an auth of None, Plain/],
    [`smtp://me:secret1@mail.example.com/?${addresses}&useStartTLS=no`, /must have TLS for the password/],
    [
      `smtp://mail.example.com/?${addresses}&encryption=ExplicitTLS&startTLS=no`,
      /useStartTLS=yes or encryption=ImplicitTLS/,
    ],
    [`smtp://mail.example.com/?${addresses}&encryption=TLS`, /must have an encryption of None, ExplicitTLS/],
    [`smtp://mail.example.com/?${addresses}&cc=me@example.com`, /only the parameters fromaddress, from/],
  ];
  itIsRefused(refused, /secret1/);
});
