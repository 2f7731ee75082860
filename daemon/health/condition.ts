/** A condition of health, as --healthy-when and --healthy-before-uncordon have it. */
export interface HealthCondition {
  /** Empty for the core group. */
  group: string;
  version: string;
  kind: string;
  /**
   * The words behind the kind: none, a namespace, or a namespace and a name. For a kind without namespaces:
   * none, or a name.
   */
  place: readonly string[];
  /** In CEL, true for a healthy object. */
  expression: string;
}
