/** Forms of names, label keys and values, with the words of apimachinery's `util/validation`. */

const subdomain = "[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*";
const label = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
const label1035 = "[a-z]([-a-z0-9]*[a-z0-9])?";
const namePart = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]";
const labelValue = "(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?";

const whole = (pattern: string) => new RegExp(`^(?:${pattern})$`);
const is = {
  subdomain: whole(subdomain),
  label: whole(label),
  label1035: whole(label1035),
  namePart: whole(namePart),
  labelValue: whole(labelValue),
};
const tooLong = (most: number) => `must be no more than ${most} bytes`;

const subdomainRule = `a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '${subdomain}')`;
const labelRule = `a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '${label}')`;
const label1035Rule = `a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '${label1035}')`;
const namePartRule = `must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '${namePart}')`;
const labelValueRule = `a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '${labelValue}')`;

export function faultsOfSubdomain(value: string): string[] {
  return [
    ...(value.length > 253 ? [tooLong(253)] : []),
    ...(is.subdomain.test(value) ? [] : [subdomainRule]),
  ];
}

export function faultsOfLabel(value: string): string[] {
  return [...(value.length > 63 ? [tooLong(63)] : []), ...(is.label.test(value) ? [] : [labelRule])];
}

export function faultsOfLabel1035(value: string): string[] {
  return [...(value.length > 63 ? [tooLong(63)] : []), ...(is.label1035.test(value) ? [] : [label1035Rule])];
}

/** Names of RBAC objects: anything that is one segment of a path. */
export function faultsOfPathSegment(value: string): string[] {
  if (value === "." || value === "..") return [`may not be '${value}'`];
  return ["/", "%"].filter((part) => value.includes(part)).map((part) => `may not contain '${part}'`);
}

/** Keys of labels, annotations and taints: `[prefix/]name`. */
export function faultsOfQualifiedName(value: string): string[] {
  const parts = value.split("/");
  const name = parts.at(-1) ?? "";
  if (parts.length > 2) {
    return [
      `a valid label key ${namePartRule} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
    ];
  }
  const faults: string[] = [];
  if (parts.length === 2) {
    if (parts[0] === "") faults.push("prefix part must be non-empty");
    else faults.push(...faultsOfSubdomain(parts[0] ?? "").map((fault) => `prefix part ${fault}`));
  }
  if (name === "") faults.push("name part must be non-empty");
  else if (name.length > 63) faults.push(`name part ${tooLong(63)}`);
  if (!is.namePart.test(name)) faults.push(`name part ${namePartRule}`);
  return faults;
}

export function faultsOfLabelValue(value: string): string[] {
  return [
    ...(value.length > 63 ? [tooLong(63)] : []),
    ...(is.labelValue.test(value) ? [] : [labelValueRule]),
  ];
}
