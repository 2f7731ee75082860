import { type Api, unlessNotGranted } from "../cluster/api.ts";
import { listByLabel } from "../cluster/nodes.ts";
import { listStaticPodsDown } from "../lock/control-plane.ts";
import { controlPlaneBroken, controlPlaneLabels, isOfControlPlane } from "../lock/limits.ts";
import type { Gate } from "./gate.ts";

/**
 * Closed while the rest of the control plane is not whole. The lock checks that before the cordon. A drain
 * takes minutes, in which a member of etcd may fail, so this gate checks again straight before a
 * control-plane node reboots.
 */
export function controlPlaneGate(api: Api, nodeName: string): Gate<"control-plane"> {
  return {
    name: "control-plane",
    stages: ["reboot"],
    cost: "remote",
    isTransient: true,
    async check({ labels }, signal) {
      if (!isOfControlPlane(labels)) return { open: true };
      const list = () => listByLabel(api, controlPlaneLabels, signal);
      const controlPlane = await unlessNotGranted(list, undefined);
      if (controlPlane === undefined) return { open: true };
      const others = controlPlane.names.filter((name) => name !== nodeName);
      const podsDown = await listStaticPodsDown(api, others, signal);
      const broken = controlPlaneBroken(nodeName, { controlPlane, podsDown });
      return broken === undefined
        ? { open: true }
        : { open: false, code: broken.code, message: broken.message };
    },
  };
}
