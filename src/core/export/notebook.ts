/**
 * A Jupyter notebook (nbformat 4.5) that draws a design's figures again from the files it is zipped with: the frontier,
 * what each layer keeps and costs, the energy of each memory level. Needs numpy and matplotlib, nothing of ours.
 */

export interface NotebookFiles {
  /** CSV of the frontier: EDP reduction, value, low, high, ... with a heading. */
  readonly frontier?: string | undefined;
  /** CSV of the layers, as `layerTable` writes it. */
  readonly layers?: string | undefined;
  /** JSON of the designs compared, with their energy by level. */
  readonly comparison?: string | undefined;
}

export interface Notebook {
  readonly title: string;
  /** Of the design: an address, or its part from # on. */
  readonly link: string;
  /** Of this program. */
  readonly version: string;
  /** Beside the notebook; a figure whose file is not named is left out. */
  readonly files: NotebookFiles;
}

type Cell = Readonly<Record<string, unknown>>;

export function notebook({ title, link, version, files }: Notebook): string {
  const { frontier, layers, comparison } = files;
  const texts: readonly (readonly ['markdown' | 'code', string])[] = [
    ['markdown', introduction(title, link, version)],
    ['code', reading],
    ...(frontier === undefined
      ? []
      : ([
          ['markdown', '## Frontier: EDP reduction to the right, accuracy up'],
          ['code', frontierCode(frontier)],
        ] as const)),
    ...(layers === undefined
      ? []
      : ([
          ['markdown', '## Layers: parameters, multiply-accumulates and error of the factors, beside dense'],
          ['code', layerCode(layers)],
        ] as const)),
    ...(comparison === undefined
      ? []
      : ([
          ['markdown', '## Energy of each memory level'],
          ['code', energyCode(comparison)],
        ] as const)),
  ];
  const cells = texts.map(([kind, text], at): Cell => {
    const common = { cell_type: kind, id: `cell-${at}`, metadata: {}, source: lines(text) };
    return kind === 'code' ? { ...common, execution_count: null, outputs: [] } : common;
  });
  const metadata = {
    kernelspec: { display_name: 'Python 3', language: 'python', name: 'python3' },
    language_info: { name: 'python' },
  };
  return `${JSON.stringify({ cells, metadata, nbformat: 4, nbformat_minor: 5 }, null, 1)}\n`;
}

/** As Jupyter stores text: a list of lines, each with its end but the last. */
function lines(text: string): readonly string[] {
  const all = text.split('\n');
  return all.map((line, at) => (at === all.length - 1 ? line : `${line}\n`));
}

/** A Python string; JSON's escapes are Python's too. */
const quoted = (text: string): string => JSON.stringify(text);

/** Text that Markdown shows as it is. */
const plain = (text: string): string => text.replaceAll(/[\\`*_{}[\]<>#|]/g, String.raw`\$&`);

const introduction = (title: string, link: string, version: string): string =>
  [
    `# ${plain(title)}`,
    '',
    `Drawn from the files beside this notebook. The design, to open again (rankscape ${plain(version)}):`,
    '',
    ...link.split('\n').map((line) => `    ${line}`),
  ].join('\n');

const reading = `import csv
import json
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np


def table(name):
    """Columns of a CSV file by their headings; numbers where all are numbers."""
    with Path(name).open(newline="", encoding="utf-8") as file:
        heading, *rows = list(csv.reader(file))
    columns = {}
    for title, values in zip(heading, zip(*rows)):
        try:
            columns[title] = np.array([float(value) for value in values])
        except ValueError:
            columns[title] = list(values)
    return columns


# Okabe and Ito's colours, told apart whatever the eye.
COLOURS = ["#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#000000"]`;

const frontierCode = (file: string): string => `frontier = table(${quoted(file)})
reduction, value = list(frontier)[:2]
order = np.argsort(frontier[reduction])
x, y, low, high = (frontier[key][order] for key in (reduction, value, "low", "high"))
figure, axes = plt.subplots(figsize=(7, 4.5))
axes.fill_between(x, low, high, color=COLOURS[0], alpha=0.15, linewidth=0)
axes.plot(x, y, color=COLOURS[0], marker="o", markersize=3)
axes.set_xscale("log")
axes.set_xlabel(reduction)
axes.set_ylabel(value)
axes.set_title(f"{len(x)} designs that no other beats")
plt.show()`;

const layerCode = (file: string): string => `layers = table(${quoted(file)})
names = layers["layer"]
rows = np.arange(len(names))
figure, panels = plt.subplots(1, 3, sharey=True, figsize=(12, 1 + 0.24 * len(names)))
for axes, own, dense, title in (
    (panels[0], "parameters", "dense_parameters", "parameters"),
    (panels[1], "macs_per_row", "dense_macs_per_row", "MACs per row"),
):
    axes.barh(rows, layers[dense], color="#dddddd", label="dense")
    axes.barh(rows, layers[own], height=0.5, color=COLOURS[0], label="factors")
    axes.set_xlabel(title)
panels[0].legend()
error = layers["relative_error"]
if isinstance(error, np.ndarray):
    panels[2].barh(rows, error, height=0.5, color=COLOURS[5])
panels[2].set_xlabel("||W - W'|| / ||W||")
panels[0].set_yticks(rows, [f"{name}: {kind}" for name, kind in zip(names, layers["format"])], fontsize=7)
panels[0].invert_yaxis()
figure.tight_layout()
plt.show()`;

const energyCode = (
  file: string,
): string => `comparison = json.loads(Path(${quoted(file)}).read_text(encoding="utf-8"))
designs = comparison["designs"]
levels = list(dict.fromkeys(level for each in designs for level in each["figures"]["energyByLevel"]))
figure, axes = plt.subplots(figsize=(7, 1 + 0.5 * len(designs)))
left = np.zeros(len(designs))
for level, colour in zip(levels, COLOURS * len(levels)):
    energy = np.array([each["figures"]["energyByLevel"].get(level, 0) for each in designs])
    axes.barh([each["name"] for each in designs], energy, left=left, color=colour, label=level)
    left += energy
axes.invert_yaxis()
axes.set_xlabel(f"energy ({designs[0]['figures']['energyUnit']})")
axes.legend(ncols=len(levels), fontsize=8)
plt.show()`;
