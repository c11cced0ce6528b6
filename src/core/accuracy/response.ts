/**
 * How a network with replaced layers answers beside its dense self, on examples without labels. Of a layer alone the
 * divergence orders best (tier T0). Of whole designs it does not: networks that are wrong and sure of it have large ones,
 * whatever their number of errors (rank correlation with accuracy at equal parameters .76 on Lexical QA). There the
 * agreement counts (tier T1, .96): answers still agree while confidence falls, and confidence is spent where answers
 * still differ, so it takes both.
 */
export interface Response {
  /** Mean divergence from the dense model, nats an example. */
  readonly kl: number;
  /** Mean probability of what the dense model holds most probable, relative to the dense model's own. */
  readonly soft: number;
  /** Share of examples answered as the dense model does. */
  readonly hard: number;
}

/** A few examples do not tell less from nothing. */
const least = 1e-4;

/** Share of the dense model's answers that is lost, up to 1: the mean of both. A surer network loses next to nothing. */
export const disagreement = ({ soft, hard }: Response): number =>
  Math.max(least, 1 - (Math.min(1, soft) + hard) / 2);
