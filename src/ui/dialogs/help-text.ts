/** The texts of the help dialog. */
export const shortcuts: readonly (readonly [readonly string[], string])[] = [
  [['Ctrl', 'Z'], 'Undo, also while a slider has the focus; the Back button does the same'],
  [['Ctrl', 'Shift', 'Z'], 'Redo (or Ctrl Y)'],
  [['←', '→'], 'On a rank: one less, one more; with snap from multiple to multiple'],
  [['Page Up', 'Page Down'], 'On a rank: eight, or four multiples'],
  [['Home', 'End'], 'On a rank: smallest, largest possible'],
  [['Shift'], 'On a rank: free of the snap while held'],
  [['Esc'], 'Bring back what was before the drag; close a dialog'],
  [['Space', 'Enter'], 'In the matrix grid: add or remove, take only this; Shift with arrows extends'],
  [['?'], 'This help'],
];

export const standings: readonly (readonly [string, string])[] = [
  [
    'Exact',
    'Parameter counts, multiplications, realizable ranks and break-even ranks are counted, not estimated.',
  ],
  [
    'Modelled',
    'Energy and delay come from counting every access of the best mapping found at each memory level, with the ' +
      "accelerator's energies per access. Dense goes through the same mapper. Fused steps, " +
      'activations kept on chip, vector work, a fixed dataflow, and what reference tools leave out (hops, leakage, ' +
      'double buffers, ragged tiles) stand under Execution, for both; off at first, as reference tools count.',
  ],
  [
    'Estimated accuracy (open marks)',
    'For the Glyph-ViT and the Lexical QA model: tables of what each layer loses in each format, summed and read off a ' +
      'curve that was fitted to measured designs; the band holds 90 % of fresh random designs. A search favours the ' +
      "estimate's errors, so its best points lose more than estimated: measure them.",
  ],
  [
    'Measured accuracy (full marks)',
    'The compressed model runs in this tab on held-out examples that are made here, beside the dense model on the same ' +
      'ones. The interval is of 95 %.',
  ],
  [
    'Measured on this device',
    'Kernels of our own run linear layers in float32 on WebGPU, WebAssembly or JavaScript, in turns with dense: median ' +
      'and quartiles. They tell of this device, not of the accelerator that is modelled, and stand on an axis of their ' +
      'own (Delay here).',
  ],
  [
    'Estimated, no weights',
    'For all other models the vertical axis is at first the share of squared weights that the factors keep. Shape cards have no weights, so it is an ' +
      'estimate between a flat random spectrum and one that falls off. It ranks designs; it does not predict how well ' +
      'a model answers.',
  ],
  [
    'Your model, your examples',
    'One half of the examples tells what each layer reads, the other is measured on. The axis becomes the divergence from ' +
      'the dense model in nats, or points of accuracy where there are labels: estimated by cutting each layer alone, ' +
      'calibrated from the errors of rebuilt weights, measured by running the examples. Nothing of them leaves the tab.',
  ],
];

export const glossary: readonly (readonly [string, string])[] = [
  ['Rank', 'The inner size of a factorization: how many numbers pass from one factor to the next.'],
  ['Mode', 'One axis of a matrix that was reshaped into a tensor; 768 = 24 × 32 has two.'],
  [
    'Format',
    'How the factors are joined: SVD, CP, Tucker, TT (flat tensor train), TTM (MPO), TR (ring), Kronecker, block-term.',
  ],
  ['Break-even', 'The rank from which the factors have as many parameters as the dense matrix.'],
  ['EDP', 'Energy-delay product: energy times delay of one step. A reduction of 5× means a fifth of dense.'],
  ['Tokens in flight', 'Rows that a linear layer sees in one step: batch times new tokens of each sequence.'],
  ['Contraction path', 'The order in which the factors meet the input, two at a time.'],
  ['Mapping', 'Which loops run at which memory level and across which units.'],
  [
    'Roof of the device',
    'What its best square matrix product computes and its copy of a large array moves per second, as measured here; the share is how near a layer comes to that.',
  ],
  [
    'GFLOP/s',
    'A thousand million additions and multiplications a second; one multiply-accumulate counts as two.',
  ],
  [
    'Fused',
    'Two steps of a path in one kernel call (or kept on chip by the mapper): what passes between them never goes through main memory.',
  ],
  ['Frontier', 'The designs that no other beats in both directions.'],
  ['Weight energy kept', '100 % minus the squared error of the factors over the squared weights.'],
];
