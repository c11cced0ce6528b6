/** Texts that go with a design: the file that the command line takes, and what a zip holds besides the models. */
import { bibtex } from '../../core/export/bibtex.ts';
import { layerTable } from '../../core/export/layer-table.ts';
import { notebook } from '../../core/export/notebook.ts';
import type { FrontierPoint } from '../../core/search/pareto.ts';
import type { Candidate } from '../../core/search/evaluation.ts';
import type { LinearLayer } from '../../core/workload/model.ts';
import type { Derived } from '../../state/derive.ts';
import { wantedLayers } from '../../state/exportable.ts';
import { encodeLink } from '../../state/url.ts';
import { compareJson, frontierCsv } from '../compare/exporters.ts';
import packageJson from '../../../package.json' with { type: 'json' };

/** `rankscape export --design`: `{layers: [{name, format, outModes, inModes, ranks}]}`. */
export function designFile(linears: readonly LinearLayer[], design: Candidate): string {
  const layers = linears.flatMap(({ name }, k) => {
    const f = design[k];
    return f === undefined || f.format === 'dense' ? [] : [{ name, ...f }];
  });
  return `${JSON.stringify({ layers }, null, 1)}\n`;
}

/** The link of a design, from # on. */
export const linkOf = ({ config }: Derived, design: Candidate): string => encodeLink({ ...config, design });

export function citation(derived: Derived, design: Candidate): string {
  const { version } = packageJson;
  return bibtex({ version, link: linkOf(derived, design), formats: design.map(({ format }) => format) });
}

/** The layers of a design without their weights at hand. */
export function layersCsv(derived: Derived, design: Candidate): string {
  const byName = new Map(derived.model.linears.map((layer) => [layer.name, layer] as const));
  return layerTable(
    wantedLayers(derived, design, false).flatMap(({ name, factorization, path }) => {
      const layer = byName.get(name);
      if (layer === undefined) return [];
      return [{ name, weight: '', out: layer.out, in: layer.in, factorization, path, relativeError: null }];
    }),
  );
}

export interface Extras {
  /** Of the names in the zip. */
  readonly stem: string;
  readonly frontier: readonly FrontierPoint[];
  /** Address of the page, without the part from # on. */
  readonly page: string;
}

/** Where the worker puts the layers of a design, with the errors of their matrices. */
const layersName = (stem: string): string => `${stem}-layers.csv`;

export function zipTexts(
  derived: Derived,
  design: Candidate,
  { stem, frontier, page }: Extras,
): readonly { readonly name: string; readonly text: string }[] {
  const { model, evaluation, evaluator, energyUnit } = derived;
  const link = `${page}${linkOf(derived, design)}`;
  const found = frontier.length === 0 ? null : frontierCsv(frontier, evaluation.accuracy.metric, energyUnit);
  const columns = [
    {
      who: 'dense',
      design: model.linears.map((_, k) => evaluator.denseFactorization(k)),
      evaluation: derived.dense,
    },
    { who: 'now', design, evaluation: evaluator.evaluate(design) },
  ] as const;
  const book = notebook({
    title: model.title,
    link,
    version: packageJson.version,
    files: {
      frontier: found === null ? undefined : 'frontier.csv',
      layers: layersName(stem),
      comparison: 'comparison.json',
    },
  });
  return [
    { name: 'link.txt', text: `${link}\n` },
    { name: 'design.json', text: designFile(model.linears, design) },
    { name: 'comparison.json', text: compareJson(derived, columns, link) },
    { name: 'citation.bib', text: citation(derived, design) },
    { name: 'notebook.ipynb', text: book },
    ...(found === null ? [] : [{ name: 'frontier.csv', text: found }]),
  ];
}
