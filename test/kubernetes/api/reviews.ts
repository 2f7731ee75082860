/** Questions to the server about identity and access; nothing is stored. */
import { type Answer, answerValue } from "./answer.ts";
import { type User, userInfo } from "./authn.ts";
import type { Rule } from "./authz.ts";
import { parseJson } from "./body.ts";
import type { Core, ResourceRequest } from "./core.ts";
import { apiVersionOf } from "./forms.ts";
import { at, type Fields, fields, isFields, list, text } from "./object.ts";
import type { Attributes } from "./request.ts";
import { badRequest } from "./status.ts";
import { timestamp } from "./timing.ts";

type Review = (core: Core, request: ResourceRequest, spec: Fields) => Fields;

/** By kind. What a review answers stands beside the spec that was asked. */
export const reviews: Record<string, Review> = {
  SelfSubjectReview: ({ timers }, { user }) => ({
    metadata: { creationTimestamp: timestamp(timers.now()) },
    status: { userInfo: userInfo(user) },
  }),
  SelfSubjectAccessReview: (core, { user }, spec) => ({
    metadata: {},
    spec,
    status: decide(core, user, spec),
  }),
  SelfSubjectRulesReview({ authorizer }, { user }, spec) {
    const namespace = text(spec["namespace"]);
    if (!namespace) throw badRequest("no namespace on request");
    const rules = authorizer.grantsOf(user, namespace).map(({ rule }) => rule);
    return { metadata: {}, spec: {}, status: { ...listedRules(rules), incomplete: false } };
  },
  SubjectAccessReview: (core, _, spec) => ({
    metadata: {},
    spec,
    status: decide(core, subjectOf(spec), spec),
  }),
  LocalSubjectAccessReview(core, { attributes }, spec) {
    const namespace = text(at(spec, "resourceAttributes", "namespace"));
    if (namespace !== attributes.namespace) {
      throw badRequest(`spec.resourceAttributes.namespace must match namespace: ${attributes.namespace}`);
    }
    return { metadata: { namespace }, spec, status: decide(core, subjectOf(spec), spec) };
  },
  TokenReview({ authenticator }, _, spec) {
    const user = authenticator.authenticate(text(spec["token"]));
    const status = user
      ? { authenticated: true, user: userInfo(user), audiences: list(spec["audiences"]) }
      : { user: {}, error: "[invalid bearer token]" };
    return { metadata: {}, spec, status };
  },
};

export function answerReview(core: Core, request: ResourceRequest): Answer | undefined {
  const { resource, call } = request;
  const review = reviews[resource.kind];
  if (!review) return undefined;
  const spec = fields(fields(parseJson(call.body))["spec"]);
  const answer = review(core, request, spec);
  return answerValue(201, { kind: resource.kind, apiVersion: apiVersionOf(resource), ...answer });
}

function listedRules(rules: Rule[]): Fields {
  return {
    resourceRules: rules
      .filter(({ resources }) => resources.length > 0)
      .map(({ verbs, apiGroups, resources, resourceNames }) => ({
        verbs,
        apiGroups,
        resources,
        ...(resourceNames.length > 0 && { resourceNames }),
      })),
    nonResourceRules: rules
      .filter(({ nonResourceURLs }) => nonResourceURLs.length > 0)
      .map(({ verbs, nonResourceURLs }) => ({ verbs, nonResourceURLs })),
  };
}

function subjectOf(spec: Fields): User {
  return { name: text(spec["user"]), groups: list(spec["groups"]).map(text) };
}

function decide({ authorizer }: Core, user: User, spec: Fields): Fields {
  const { allowed, reason } = authorizer.decide(user, askedAttributes(spec));
  return { allowed, ...(reason && { reason }) };
}

function askedAttributes(spec: Fields): Attributes {
  const about = spec["resourceAttributes"];
  const asked = fields(about ?? spec["nonResourceAttributes"]);
  const say = (key: string) => text(asked[key]);
  return {
    verb: say("verb"),
    isResource: isFields(about),
    path: say("path"),
    group: say("group"),
    version: say("version"),
    resource: say("resource"),
    subresource: say("subresource"),
    namespace: say("namespace"),
    name: say("name"),
  };
}
