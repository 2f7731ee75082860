import { type Api, isApiError } from "../cluster/api.ts";
import { paths } from "../cluster/paths.ts";
import { oneLine } from "../text/one-line.ts";

/**
 * The name of the person, as the API server knows it; undefined if the server does not answer that
 * (https://kubernetes.io/docs/reference/access-authn-authz/authentication/#self-subject-review).
 */
export async function whoAmI(api: Api, signal: AbortSignal): Promise<string | undefined> {
  const review = { apiVersion: "authentication.k8s.io/v1", kind: "SelfSubjectReview" };
  try {
    const { status } = await api.create<{ status?: { userInfo?: { username?: string } } }>(
      paths.selfSubjectReviews,
      review,
      { signal },
    );
    return oneLine(status?.userInfo?.username ?? "") || undefined;
  } catch (error) {
    // The request is worth more than the name of the person.
    if (isApiError(error)) return undefined;
    throw error;
  }
}
