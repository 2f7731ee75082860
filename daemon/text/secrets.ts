/**
 * Credentials that were sent to a server. A server can repeat them in its answers, so they are removed from
 * every text for others.
 */
export interface Secrets {
  /** Takes the headers of a request before it is sent; names in any case. */
  learn(headers: Readonly<Record<string, string>>): void;
  /** The text with `***` in place of each credential. */
  hide(text: string): string;
}

/** A shorter text is not a secret, and would occur in many words. */
const secretMinChars = 4;
/** Tokens are rotated while the process runs, and an answer may show an old one. */
const formsMax = 100;

/**
 * Headers without secrets. The last one is the name of a tenant, which may be part of the name of an alert.
 */
const openHeaders = new Set(["accept", "content-type", "x-scope-orgid"]);

export function createSecrets(): Secrets {
  let forms: string[] = [];
  return {
    learn(headers) {
      const sent = Object.entries(headers).filter(([name]) => !openHeaders.has(name.toLowerCase()));
      const fresh = sent.flatMap(([, value]) => secretsIn(value).flatMap(formsOf));
      const more = fresh.filter((form) => form.length >= secretMinChars && !forms.includes(form));
      if (more.length > 0) forms = [...new Set([...forms, ...more])].slice(-formsMax);
    },
    hide(text) {
      // The password is part of `user:password`, which must be replaced first.
      const longestFirst = forms.toSorted((a, b) => b.length - a.length);
      return longestFirst.reduce((left, form) => left.replaceAll(form, "***"), text);
    },
  };
}

/**
 * The credentials in a header, without the name of their scheme. Basic also has the decoded `user:password`,
 * and the password.
 */
function secretsIn(value: string): string[] {
  const [, scheme = "", credentials = value] = /^(Bearer|Basic) (.*)$/i.exec(value) ?? [];
  if (scheme.toLowerCase() !== "basic") return [credentials];
  const pair = Buffer.from(credentials, "base64").toString();
  return [credentials, pair, pair.slice(pair.indexOf(":") + 1)];
}

/**
 * The secret as it is, in JSON, in a URL, and in both kinds of base64, without the padding that a longer text
 * does not have.
 */
export function formsOf(secret: string): string[] {
  const bytes = Buffer.from(secret);
  return [
    secret,
    JSON.stringify(secret).slice(1, -1),
    encodeURIComponent(secret.toWellFormed()),
    bytes.toString("base64").replace(/=+$/, ""),
    bytes.toString("base64url"),
  ];
}
