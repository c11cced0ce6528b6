/** The downloads below the comparison. Loaded when it is first asked for one. */
import type { FrontierPoint } from '../../core/search/pareto.ts';
import type { Derived } from '../../state/derive.ts';
import type { Notice } from '../../state/store.ts';
import { encodeLink } from '../../state/url.ts';
import { metricWords } from '../metric.ts';
import type { Who } from '../plots/shapes.ts';
import { download, plotSvg, pngOf, saveBlob } from './download.ts';
import { compareCsv, compareJson, frontierCsv } from './exporters.ts';
import { compareRows, type Column } from './rows.ts';

export type Download = 'comparison CSV' | 'comparison JSON' | 'frontier CSV' | 'plot SVG' | 'plot PNG';

/** What is on screen. */
interface Shown {
  readonly derived: Derived;
  readonly columns: readonly Column[];
  readonly reference: Who;
  readonly frontier: readonly FrontierPoint[];
}

/** Returns what to tell the person when there is no file. */
export async function saveFile(file: Download, shown: Shown): Promise<Omit<Notice, 'id'> | null> {
  const { derived, columns, reference, frontier } = shown;
  const { config, energyUnit, evaluation, model } = derived;
  const { metric } = evaluation.accuracy;
  const stem = `rankscape-${model.id}`;
  switch (file) {
    case 'comparison CSV': {
      const rows = compareRows(columns, reference, { energyUnit, clockHz: config.accelerator.clockHz });
      download(`${stem}-compare.csv`, compareCsv(columns, rows), 'text/csv');
      return null;
    }
    case 'comparison JSON':
      download(`${stem}-compare.json`, compareJson(derived, columns, encodeLink(config)), 'application/json');
      return null;
    case 'frontier CSV':
      download(`${stem}-frontier.csv`, frontierCsv(frontier, metric, energyUnit), 'text/csv');
      return null;
    case 'plot SVG':
    case 'plot PNG': {
      const svg = plotSvg(`${model.title}: EDP reduction against ${metricWords(metric).axis}`);
      if (svg === null)
        return { kind: 'info', text: 'The plot is shown as a table: switch Table off first.' };
      if (file === 'plot SVG') download(`${stem}-pareto.svg`, svg, 'image/svg+xml');
      else
        try {
          saveBlob(`${stem}-pareto.png`, await pngOf(svg));
        } catch (error) {
          return { kind: 'error', text: `The plot could not be drawn as PNG: ${String(error)}` };
        }
      return null;
    }
  }
  return file satisfies never;
}
