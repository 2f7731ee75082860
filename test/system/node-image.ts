import { execFileSync } from "node:child_process";
import {
  copyFileSync,
  cpSync,
  mkdirSync,
  readdirSync,
  realpathSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** For containers without a service, without cgroups of systemd, and with all their files in one folder. */
export function configureContainers(folder: string): NodeJS.ProcessEnv {
  const engine = ['lock_type="file"', 'cgroup_manager="cgroupfs"', 'events_logger="file"', 'runtime="runc"'];
  const limits = 'default_ulimits=["nofile=1024:1024","nproc=1024:1024"]';
  const lines = ["[engine]", ...engine, `tmp_dir="${folder}/tmp"`, "[containers]", limits];
  writeFileSync(join(folder, "containers.conf"), `${lines.join("\n")}\n`);
  const storage = ["[storage]", 'driver="vfs"', `graphroot="${folder}/graph"`, `runroot="${folder}/state"`];
  writeFileSync(join(folder, "storage.conf"), `${storage.join("\n")}\n`);
  return {
    ...process.env,
    CONTAINERS_CONF: join(folder, "containers.conf"),
    CONTAINERS_STORAGE_CONF: join(folder, "storage.conf"),
    TMPDIR: folder,
  };
}

/** Debian's package with the licence of what comes with the compiler. */
export function compilerDoc(): string {
  return readdirSync("/usr/share/doc").find((name) => /^gcc-\d+-base$/.test(name)) ?? "gcc-base";
}

/** What the Dockerfile uses of its base image, laid out as Debian does. */
export function makeNodeImage(folder: string): void {
  const node = join(root, "node_modules/node/bin/node");
  const programs = ["sh", "env", "cp", "mkdir", "ln", "nsenter"].map((name) => `/usr/bin/${name}`);
  const copy = (from: string, to: string) => {
    mkdirSync(dirname(join(folder, to)), { recursive: true });
    copyFileSync(from, join(folder, to));
  };
  for (const name of ["etc", "usr/lib", "usr/lib64", "tmp", "root", "usr/local/etc", "usr/local/lib"]) {
    mkdirSync(join(folder, name), { recursive: true });
  }
  for (const name of ["bin", "lib", "lib64"]) symlinkSync(`usr/${name}`, join(folder, name));
  writeFileSync(join(folder, "etc/passwd"), "root:x:0:0::/root:/bin/sh\n");
  copy(node, "usr/local/bin/node");
  for (const program of programs) copy(program, program);
  const linked = execFileSync("ldd", [node, ...programs], { encoding: "utf8" });
  // The files, and the links to them.
  const libraries = (linked.match(/\/lib[^ :]*/g) ?? []).flatMap((library) => [
    join(realpathSync(dirname(library)), basename(library)),
    realpathSync(library),
  ]);
  execFileSync("cp", ["--parents", "--no-dereference", ...new Set(libraries), folder]);
  const npm = realpathSync(execFileSync("sh", ["-c", "command -v npm"], { encoding: "utf8" }).trim());
  cpSync(join(dirname(npm), ".."), join(folder, "usr/local/lib/npm"), { recursive: true });
  symlinkSync("../lib/npm/bin/npm-cli.js", join(folder, "usr/local/bin/npm"));
  const distribution = join(root, "node_modules/node/node_modules", `node-linux-${process.arch}`);
  copy(join(distribution, "LICENSE"), "usr/local/LICENSE");
  for (const name of [compilerDoc(), "libc6", "libselinux1", "libpcre2-8-0", "util-linux"]) {
    copy(`/usr/share/doc/${name}/copyright`, `usr/share/doc/${name}/copyright`);
  }
  cpSync("/usr/share/common-licenses", join(folder, "usr/share/common-licenses"), {
    recursive: true,
    verbatimSymlinks: true,
  });
  copy("/etc/ssl/certs/ca-certificates.crt", "etc/ssl/certs/ca-certificates.crt");
}
