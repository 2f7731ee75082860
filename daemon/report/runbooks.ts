/** The folder in which docs/runbooks is served. */
const runbooks = "https://rebootd.dev/runbooks/";

/** The page of an alert, which has its name in lower case. */
export const runbookOf = (alert: string): string => `${runbooks}${alert.toLowerCase()}`;
