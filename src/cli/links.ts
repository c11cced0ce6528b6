/** A design that is given as a link: a script must never take what is left of a damaged one for the design. */
import { check } from '../core/base/checks.ts';
import type { Config } from '../state/config.ts';
import { decodeLink } from '../state/url.ts';

/** @param link a whole address or its part from #v1. on; @throws InputError unless all of it can be read */
export function configOfLink(link: string, subject: string): Config {
  check(link.includes('#v'), subject, 'LINK must contain #v1.', link);
  const { config, problems } = decodeLink(link);
  const reasons = problems.map((problem) => problem.split(';')[0]).join('; ');
  check(problems.length === 0, subject, `LINK must be whole (${reasons})`);
  return config;
}
