/**
 * How silences of rebootd are known: by their author, and by a comment that names the node and its cycle. The
 * alerts gate and the part that creates them share it. Pure.
 */

/** The `createdBy` of each. */
export const silenceAuthor = "rebootd";

/** `cycle`: the same for all of one cycle. `isOver`: the cycle has ended, and the silence is about to. */
export function silenceComment(node: string, cycle: string, isOver: boolean, reason: string): string {
  return `${cyclePrefix(node, cycle)}${isOver ? over : underWay}: ${reason}`;
}

/** The beginning of the comments about this node. */
export function nodePrefix(node: string): string {
  return `Node ${node}, `;
}

/** The beginning of the comments about this cycle of the node. */
export function cyclePrefix(node: string, cycle: string): string {
  return `${nodePrefix(node)}cycle ${cycle}, `;
}

const over = "over";
const underWay = "reboots";

/** The end of a comment that says that the cycle is over, for one that says that it is under way. */
export function asOver(comment: string): string {
  return comment.replace(`, ${underWay}: `, `, ${over}: `);
}

/**
 * Tells whether the silence is one of rebootd's whose cycle is over. It spares people the noise of the return,
 * but alerts that are still active are no part of a reboot any more.
 */
export function isOver({ createdBy, comment }: { createdBy: string; comment: string }): boolean {
  return createdBy === silenceAuthor && /^Node \S+, cycle [^,]+, over: /.test(comment);
}
