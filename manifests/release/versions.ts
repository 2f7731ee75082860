/** All places that name the version of rebootd. Pure. */
import { loadAllYaml } from "@kubernetes/client-node";
import { type Fault, faultsOfPlaces, type Place } from "./fault.ts";

/** The texts of the files that name the version. */
export interface VersionedFiles {
  packageLock: string;
  dockerfile: string;
  daemonSet: string;
  /** Chart.yaml. */
  chart: string;
}

/** https://semver.org, without build metadata: an image's tag cannot have a "+". */
const semanticVersion =
  /^(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)(?:-(?:0|[1-9]\d*|\d*[A-Za-z-][\dA-Za-z-]*)(?:\.(?:0|[1-9]\d*|\d*[A-Za-z-][\dA-Za-z-]*))*)?$/;

/** Compares all files with the version of package.json. */
export function checkVersions(version: string, files: VersionedFiles): Fault[] {
  if (!semanticVersion.test(version)) {
    const fault = `package.json has the version ${version}, which is no semantic version`;
    return [{ fault, remedy: "set a version such as 1.2.3 or 1.2.3-rc.1" }];
  }
  return faultsOfPlaces("version", version, placesOfVersions(files));
}

/** Each place with the version that stands there. */
export function placesOfVersions({ packageLock, dockerfile, daemonSet, chart }: VersionedFiles): Place[] {
  const lock = JSON.parse(packageLock);
  const daemon = loadAllYaml(daemonSet).find((object) => object?.kind === "DaemonSet");
  const template = daemon?.spec?.template;
  const image: string = template?.spec?.containers?.[0]?.image ?? "";
  const [chartObject] = loadAllYaml(chart);
  return [
    { place: "package-lock.json, version", found: lock.version },
    { place: 'package-lock.json, packages[""].version', found: lock.packages?.[""]?.version },
    { place: "Dockerfile, ARG VERSION", found: /^ARG VERSION=(.*)$/m.exec(dockerfile)?.[1] },
    { place: "manifests/base/daemonset.yaml, image", found: /:([^:/]+)$/.exec(image)?.[1] },
    {
      place: "manifests/base/daemonset.yaml, label app.kubernetes.io/version",
      found: template?.metadata?.labels?.["app.kubernetes.io/version"],
    },
    { place: "manifests/chart/Chart.yaml, version", found: chartObject?.version },
    { place: "manifests/chart/Chart.yaml, appVersion", found: chartObject?.appVersion },
    {
      place: "manifests/chart/Chart.yaml, artifacthub.io/images",
      found: /image: [^\n]*:([^\n:/]+)$/m.exec(
        chartObject?.annotations?.["artifacthub.io/images"] ?? "",
      )?.[1],
    },
  ];
}
