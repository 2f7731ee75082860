/** A mistake in the file /etc/rebootd/config.yaml, in the environment or on the command line. */
export interface Mistake {
  /** Lines of the file; undefined for none. */
  file?: readonly string[];
  environment?: Readonly<Record<string, string>>;
  /** Options on the command line beside --node-id. */
  args?: readonly string[];
  /** The message, without the name of the program. */
  says: string;
}
