import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** AppArmor's profile in the manifests, as its own parser reads it, and what a program asks of the kernel, as strace tells. */

const file = fileURLToPath(new URL("../../manifests/components/apparmor/rebootd", import.meta.url));

export interface Profile {
  files: { name: string; modes: string; matches: RegExp }[];
  /** Such as `inet stream`. */
  networks: string[];
  messages: Message[];
  /** The other rules, in the parser's words. */
  rest: string[];
}

export interface Message {
  path: string;
  interface: string;
  member: string;
  destination: string;
}

/** `r` to read, `w` to write or to connect, `m` to map as code; else the system call. */
export interface Access {
  path: string;
  mode: string;
}

/** Where test/system/run.sh has unpacked Debian's packages. */
export function unpacked(): string {
  const folder = process.env["DEBIAN_FILES"];
  if (folder === undefined) throw new Error("DEBIAN_FILES is not set: use test/system/run.sh");
  return folder;
}

/** Compiles it for a kernel that has all that its ABI knows; throws what the parser complains of. */
export function readProfile(): Profile {
  const policies = join(unpacked(), "etc/apparmor.d");
  const about = [`--base=${policies}`, `--features-file=${policies}/abi/3.0`, "--config-file=/dev/null"];
  const nothing = ["--skip-kernel-load", "--skip-cache", "--Werror"];
  const parser = join(unpacked(), "sbin/apparmor_parser");
  const parse = (option: string) => {
    const { status, stdout, stderr } = spawnSync(parser, [...about, ...nothing, option, file], {
      encoding: "utf8",
    });
    if (status !== 0) throw new Error(`${parser} ended with ${status}: ${stderr}`);
    return { stdout, stderr };
  };
  const globs = parse("--dump=rule-exprs").stderr.matchAll(/^aare: (\S+) +-> +(\S+)$/gm);
  return profileIn(
    parse("--debug").stdout,
    new Map([...globs].map(([, glob = "", regexp = ""]) => [glob, regexp])),
  );
}

function profileIn(text: string, globs: Map<string, string>): Profile {
  const profile: Profile = { files: [], networks: [], messages: [], rest: [] };
  for (const line of text.split("\n")) {
    const [, modes = "", name] = /^Mode:\t(\w+):\w*\tName:\t\((.+)\)$/.exec(line) ?? [];
    const [, networks] = /^Network: (.*)$/.exec(line) ?? [];
    if (name !== undefined) {
      const regexp = globs.get(name);
      if (regexp === undefined) throw new Error(`the parser does not say what ${name} matches`);
      profile.files.push({ name, modes, matches: new RegExp(`^${regexp}$`) });
    } else if (networks !== undefined) profile.networks.push(...networksOf(networks));
    else if (line.startsWith("dbus ( send ) ")) profile.messages.push(...messagesOf(line));
    else if (!/^(-.*-|Name:.*|)$/.test(line)) profile.rest.push(line);
  }
  return profile;
}

function networksOf(text: string): string[] {
  const families = [...text.matchAll(/(\w+) \{ ([^}]*) \}/g)];
  return families.flatMap(([, family, types = ""]) => types.split(" ").map((type) => `${family} ${type}`));
}

function messagesOf(rule: string): Message[] {
  const value = (key: string) => new RegExp(`\\b${key}="([^"]*)"`).exec(rule)?.[1] ?? "";
  const members = value("member").replace(/[{}]/g, "").split(",");
  const to = { path: value("path"), interface: value("interface"), destination: value("name") };
  return members.map((member) => ({ ...to, member }));
}

export function allows({ files }: Profile, { path, mode }: Access): boolean {
  return files.some(({ modes, matches }) => modes.includes(mode) && matches.test(path));
}

/** AppArmor is not asked when these are made. */
const unmediated = /^(\w*stat\w*|f?access\w*|readlink|getcwd|chdir|socket)\(/;

/** What one thread has asked for, from strace with --decode-fds=path, of a program in this root folder. */
export function accessesIn(text: string, root: string): Access[] {
  return text.split("\n").flatMap((line) => accessesOf(line, root));
}

function accessesOf(line: string, root: string): Access[] {
  const inside = (path: string) =>
    path
      .replace(root, "")
      .replace("/proc/self/", "/proc/1/")
      .replace(/^\/lib/, "/usr/lib");
  const [, call = "", asked = ""] = /^(\w+)\((?:AT_FDCWD<[^>]*>, |\d+<[^>]*>, )?"?([^"]*)/.exec(line) ?? [];
  if (call === "openat") {
    const [, flags = "", opened = asked] = /", (O_[A-Z_|]+)[^=]*= (?:-1|\d+<([^>]*)>)/.exec(line) ?? [];
    const path = `${inside(opened)}${flags.includes("O_DIRECTORY") ? "/" : ""}`;
    return accesses(path, flags.includes("O_RDONLY") ? "r" : flags.includes("O_WRONLY") ? "w" : "rw");
  }
  if (call === "inotify_add_watch") return accesses(`${inside(asked)}/`, "r");
  if (call === "connect") {
    const [, path] = /sun_path="([^"]*)"/.exec(line) ?? [];
    return path === undefined || line.includes("ENOENT") ? [] : accesses(inside(path), "rw");
  }
  if (call === "mmap") {
    const [, path] = /PROT_EXEC.*\d+<(\/[^>]*)>/.exec(line) ?? [];
    return path === undefined ? [] : accesses(inside(path), "m");
  }
  return call === "" || unmediated.test(line) ? [] : [{ path: inside(asked), mode: call }];
}

function accesses(path: string, modes: string): Access[] {
  return [...modes].map((mode) => ({ path, mode }));
}

/** The families and types of its sockets. */
export function networksIn(text: string): string[] {
  const sockets = text.matchAll(/^socket\(AF_(\w+), SOCK_(\w+)/gm);
  return [...sockets].map(([, family = "", type = ""]) => `${family} ${type}`.toLowerCase());
}
