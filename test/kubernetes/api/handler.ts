/** From a request to its answer: who, whether, what. */
import { actions } from "./actions.ts";
import { type Answer, answerText } from "./answer.ts";
import { refusal } from "./authz.ts";
import { requireJson } from "./body.ts";
import type { Core, Request, ResourceRequest } from "./core.ts";
import { answerPath } from "./discovery.ts";
import { get, list, watch } from "./reads.ts";
import { isWatch } from "./request.ts";
import { findResource, groups } from "./resources.ts";
import { answerReview } from "./reviews.ts";
import { methodNotAllowed, noSuchPath } from "./status.ts";
import { create, patch, remove, removeCollection, update } from "./writes.ts";

/** Answers a request whose sender is known. Throws ApiError. */
export async function handle(core: Core, request: Request): Promise<Answer> {
  const { call, user, attributes } = request;
  if (core.checksAccess) {
    const decision = core.authorizer.decide(user, attributes);
    if (!decision.allowed) throw refusal(user, attributes, decision.reason);
  }
  if (!attributes.isResource) return answerPath(call);
  const { group, version, resource: plural } = attributes;
  const resource = findResource(group, version, plural);
  if (!resource) {
    if (!groups.has(group)) return answerText(404, "404 page not found\n");
    throw noSuchPath();
  }
  const { namespaced } = resource;
  const isMisplaced = namespaced
    ? attributes.name !== "" && !attributes.namespace && isNamed({ ...request, resource })
    : attributes.namespace !== "" && plural !== "namespaces";
  if (isMisplaced || attributes.isTooLong) throw noSuchPath();
  const found = { ...request, resource };
  return attributes.subresource ? onSubresource(core, found) : onResource(core, found);
}

async function onResource(core: Core, request: ResourceRequest): Promise<Answer> {
  const { resource, call, attributes } = request;
  const { method } = call;
  const { verb } = attributes;
  const hasName = isNamed(request);
  if (!resource.verbs.includes(verb)) throw methodNotAllowed();
  switch (method) {
    case "GET":
      if (isWatch(call.query)) return watch(core, request);
      return hasName ? get(core, request) : list(core, request);
    case "POST":
      if (hasName) throw methodNotAllowed();
      if (resource.namespaced && !attributes.namespace) throw methodNotAllowed();
      requireJson(call.headers);
      return answerReview(core, request) ?? create(core, request);
    case "PUT":
      if (!hasName) throw methodNotAllowed();
      requireJson(call.headers);
      return update(core, request);
    case "PATCH":
      if (!hasName) throw methodNotAllowed();
      return patch(core, request);
    case "DELETE":
      if (!hasName && resource.namespaced && !attributes.namespace) throw methodNotAllowed();
      return hasName ? remove(core, request) : removeCollection(core, request);
    default:
      return method satisfies never;
  }
}

/** Whether the path ends in a name; in a list the name may come from a field selector. */
function isNamed({ attributes, resource, call }: ResourceRequest): boolean {
  const parts = call.path.split("/").filter(Boolean);
  return attributes.name !== "" && parts.at(-1) !== resource.plural;
}

async function onSubresource(core: Core, request: ResourceRequest): Promise<Answer> {
  const { resource, call, attributes } = request;
  const subresource = resource.subresources.find(({ name }) => name === attributes.subresource);
  if (!subresource) throw noSuchPath();
  const action = actions[`${call.method} ${resource.plural}/${subresource.name}`];
  if (call.method === "POST" || call.method === "PUT") requireJson(call.headers);
  if (action) return action(core, request);
  if (subresource.name !== "status") throw methodNotAllowed();
  switch (call.method) {
    case "GET":
      return get(core, request);
    case "PUT":
      return update(core, request);
    case "PATCH":
      return patch(core, request);
    default:
      throw methodNotAllowed();
  }
}
