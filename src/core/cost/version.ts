/** Counts up whenever the same design may cost something else; links and shipped results carry it. */
export const costModel = 1;
