import assert from "node:assert/strict";
import { contract } from "../../daemon/annotations/names.ts";
import { parseSettings } from "../../daemon/config/settings.ts";
import type { HttpSend } from "../../daemon/http/send.ts";
import { services } from "../../daemon/notify/services.ts";
import { createStory, minute } from "./story.ts";

const story = createStory();
const { pass, phase, until, wantReboot } = story;

/** One URL of each service, whose secrets all have the word s3cret or 0BADCAFE in them. */
const urls: Readonly<Record<string, string>> = {
  slack: "slack://hook:T0BADCAFE00-B0BADCAFE00-s3cretslack0123456789ab@webhook",
  teams:
    "teams+https://prod-01.westeurope.logic.azure.com:443/workflows/s3cretteams/triggers/manual/paths/invoke?api-version=2016-06-01&sp=%2Ftriggers&sv=1.0&sig=s3cretsig",
  discord: "discord://s3cret-discord-token@1012345678901234567",
  telegram: "telegram://110201543:AAs3cretTelegramTokenAAAAAAAAAAAAAA@telegram?chats=@channel",
  mattermost: "mattermost://chat.example/s3cretmattermosttoken00000",
  rocketchat: "rocketchat://chat.example/s3cretRocketA/s3cretRocketB",
  googlechat:
    "googlechat://chat.googleapis.com/v1/spaces/AAAAs3cret/messages?key=s3cretkey&token=s3crettoken",
  matrix: "matrix://user:s3cretmatrix@matrix.example/?rooms=!room:matrix.example",
  zulip: "zulip://bot%40zulip.example:s3cretzulipkey@zulip.example/?stream=nodes",
  gotify: "gotify://push.example/As3cretGotify",
  ntfy: "ntfy://user:s3cretntfy@push.example/nodes",
  pushover: "pushover://shoutrrr:s3cretpushoverapitoken00000000@s3cretpushoveruserkey000000000",
  opsgenie: "opsgenie://api.opsgenie.com/s3cret-opsgenie-key",
  pagerduty: "pagerduty://s3cretpagerdutyroutingkey0000000",
  smtp: "smtp://user:s3cretmail@mail.example:587/?fromAddress=a@mail.example&toAddresses=b@mail.example",
  generic: "generic+https://hook.example/s3cret-path?token=s3cret-query",
};
const secret = /s3cret|0BADCAFE/i;
const headers = ["x-token: s3cret-header"];

/** Everything that came in, in the answer: as a careless server would log it. */
const echo =
  (status: number): HttpSend =>
  async (request) => ({ status, text: JSON.stringify(request), headers: {} });

describe("Secrets of options", () => {
  afterEach(story.stop);

  it("are in this test for each service", () =>
    assert.deepEqual(Object.keys(urls).sort(), services.map(({ name }) => name).sort()));

  it("are in no outlet where every server answers with all that it was sent", async () => {
    for (const status of [401, 500]) {
      await story.start(
        {
          "notify-url": Object.values(urls),
          "prometheus-url": "http://user:s3cretpassword@prometheus:9090",
          "prometheus-header": headers,
          "log-level": "info",
        },
        {
          receive: echo(status),
          post: async (url) => ({ status: 200, text: `{"status":"error","error":"${url}"}` }),
        },
      );
      await wantReboot();
      await until("n1 waits", async () => (await phase()) === "Waiting", 5 * minute);
      await story.patchNode({ metadata: { annotations: { [contract.paused.key]: "true" } } });
      await pass(25 * 60 * minute);
      await pass(10 * minute);
      const events = await story.world.api.list(
        "/apis/events.k8s.io/v1/namespaces/default/events",
        story.world,
      );
      const metrics = await Promise.all(story.world.metrics.map(({ registry }) => registry.metrics()));
      const outlets: Record<string, string> = {
        "the log": story.world.logs.join("\n"),
        "the metrics": metrics.join("\n"),
        "the Node, with its record": JSON.stringify(await story.readNode()),
        "the events": JSON.stringify(events),
      };
      for (const [name, text] of Object.entries(outlets)) {
        assert.ok(text.length > 500, name);
        const lines = text.split("\n").filter((line) => secret.test(line));
        assert.deepEqual(lines.slice(0, 3), [], name);
      }
      // The servers were asked, and have said no.
      for (const service of Object.keys(urls)) {
        if (service === "smtp") continue;
        const said = new RegExp(`not reached ${service}, .*${status}`);
        assert.ok(
          story.world.logs.some((line) => said.test(line)),
          service,
        );
      }
      await story.stop();
    }
  });

  it("are in no error of a URL that is refused", () => {
    for (const [service, url] of Object.entries(urls)) {
      const broken = [
        `${url}${url.includes("?") ? "&" : "?"}rebootd.on=s3crets`,
        url.replace("://", "x://"),
        url.replace(/^[^:]*:/, "https:"),
        url.slice(0, url.indexOf("s3cret") + 8),
        `${url}%`,
      ];
      for (const one of broken) {
        try {
          parseSettings({ "node-id": "n1", "notify-url": [one] });
        } catch (error) {
          const { message } = error as Error;
          assert.doesNotMatch(message.replace('but has "s3crets"', ""), secret, service);
        }
      }
    }
  });
});
