/** The user whose request changes the store at this moment. */
export interface Actor {
  /** "" for the server itself. */
  readonly name: string;
  /** Runs `work` in the name of a user, up to its first wait: a handler changes everything before that. */
  as<T>(name: string, work: () => T): T;
}

export function createActor(): Actor {
  let acting = "";
  return {
    get name() {
      return acting;
    },
    as(name, work) {
      acting = name;
      try {
        return work();
      } finally {
        acting = "";
      }
    },
  };
}
