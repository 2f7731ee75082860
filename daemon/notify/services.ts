import type { Service } from "./service.ts";
import { discord } from "./services/discord.ts";
import { generic } from "./services/generic.ts";
import { googlechat } from "./services/googlechat.ts";
import { gotify } from "./services/gotify.ts";
import { matrix } from "./services/matrix.ts";
import { mattermost } from "./services/mattermost.ts";
import { ntfy } from "./services/ntfy.ts";
import { opsgenie } from "./services/opsgenie.ts";
import { pagerduty } from "./services/pagerduty.ts";
import { pushover } from "./services/pushover.ts";
import { rocketchat } from "./services/rocketchat.ts";
import { slack } from "./services/slack.ts";
import { smtp } from "./services/smtp.ts";
import { teams } from "./services/teams.ts";
import { telegram } from "./services/telegram.ts";
import { zulip } from "./services/zulip.ts";

/** Every kind of destination. A plain web address belongs to the first that recognizes it. */
export const services: readonly Service[] = [
  discord,
  generic,
  googlechat,
  gotify,
  matrix,
  mattermost,
  ntfy,
  opsgenie,
  pagerduty,
  pushover,
  rocketchat,
  slack,
  smtp,
  teams,
  telegram,
  zulip,
];
