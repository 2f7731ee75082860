/** Figures of kured 1.23 with one drain of kubectl's library, measured on a real API server; by bench and name. */
export const kuredFigures: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  memory: {
    "idle: resident, median of 5": "36",
    "idle: anonymous, median of 5": "6",
  },
  drain: {
    "110 pods: requests": "268",
    "110 pods: last eviction sent after the cordon": "20",
    "110 pods of 5 s grace: node empty after the cordon": "25",
    "2 pods held by a budget for 60 s: evictions of each": "320",
    "2 pods held by a budget for 10 min: budget opens to both evicted": "1.4",
  },
  lock: {
    "50 processes, 2 at a time: release to next cordon, median": "28 with a period of 1 min, 4 with 20 s",
  },
  roll: {
    "20 processes, 1 at a time, down for 10 s: part of the slots' time that is not used":
      "0.84 with a period of 1 min, 0.77 with 20 s",
  },
  startup: {
    "process to its first write": "30 to 90",
  },
};
