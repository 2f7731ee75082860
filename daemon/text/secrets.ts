/** What was sent to a server to be let in, which is to be in no text that others may read: a server can show it in what it answers. */
export interface Secrets {
  /** Of a request that is about to be sent; names in any case. */
  learn(headers: Readonly<Record<string, string>>): void;
  /** The text with `***` in each of their places. */
  hide(text: string): string;
}

/** Less than this is no secret, and would be found in every other word. */
const secretMinChars = 4;
/** Tokens are exchanged while the process runs, and an answer may show one from before. */
const formsMax = 100;

/** What they say is known to everybody; the last one is the name of a tenant, and may be part of the name of an alert. */
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
      // A password is a part of the user with the password.
      const longestFirst = forms.toSorted((a, b) => b.length - a.length);
      return longestFirst.reduce((left, form) => left.replaceAll(form, "***"), text);
    },
  };
}

/** The value of a header; without the name of its scheme; and what Basic stands for, with the password alone. */
function secretsIn(value: string): string[] {
  const [, scheme = "", credentials = value] = /^(Bearer|Basic) (.*)$/i.exec(value) ?? [];
  if (scheme.toLowerCase() !== "basic") return [credentials];
  const pair = Buffer.from(credentials, "base64").toString();
  return [credentials, pair, pair.slice(pair.indexOf(":") + 1)];
}

/** As it is, in JSON, in a URL, and in both kinds of base64, where what follows may take the place of the padding. */
function formsOf(secret: string): string[] {
  const bytes = Buffer.from(secret);
  return [
    secret,
    JSON.stringify(secret).slice(1, -1),
    encodeURIComponent(secret.toWellFormed()),
    bytes.toString("base64").replace(/=+$/, ""),
    bytes.toString("base64url"),
  ];
}
