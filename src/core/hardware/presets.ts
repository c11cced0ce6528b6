/**
 * The machines that ship, and where each of their figures is from. The first four are those of the reference counts and
 * optima, so that both can be compared; no energy here is a claim about a chip.
 * Sources: M. Horowitz, "Computing's energy problem", ISSCC 2014 (45 nm table); Chen, Emer, Sze, "Eyeriss", ISCA 2016
 * (relative energies) and Chen et al., JSSC 2017 (sizes); Shao et al., "Simba", MICRO 2019 (sizes); Jouppi et al.,
 * "In-datacenter performance analysis of a tensor processing unit", ISCA 2017 (sizes, bandwidths, clock); Genc et al.,
 * "Gemmini", DAC 2021, and the parameters that its generator ships (sizes).
 */
import { InputError } from '../base/checks.ts';
import type { Accelerator } from './accelerator.ts';
import { parseAccelerator } from './parse.ts';
import type { MachineLevel } from './parse.ts';

export const figureKinds = ['array', 'capacity', 'bandwidth', 'memoryEnergy', 'macEnergy', 'clock'] as const;
export type FigureKind = (typeof figureKinds)[number];

export interface PresetInfo {
  readonly title: string;
  readonly summary: string;
  /** One sentence per kind of figure: what is published and what is assumed. */
  readonly sources: Readonly<Record<FigureKind, string>>;
}

type Pair = readonly [number, number];
type Port = readonly [read: number | null, write: number | null];

const level = (
  name: string,
  keeps: string,
  [mesh_x, mesh_y]: Pair,
  depth_words: number | null,
  word_bits: number,
  [read_words_per_cycle, write_words_per_cycle]: Port,
  [read_pJ_per_word, write_pJ_per_word]: Pair,
): MachineLevel => ({
  name,
  mesh_x,
  mesh_y,
  depth_words,
  word_bits,
  read_words_per_cycle,
  write_words_per_cycle,
  read_pJ_per_word,
  write_pJ_per_word,
  keeps,
});

const unlimited: Port = [null, null];

const machines = [
  {
    name: 'ws16',
    clock_hz: 1e9,
    word_bits: 8,
    levels: [
      level('DRAM', 'IWO', [1, 1], null, 8, [16, 16], [64, 64]),
      level('GLB', 'IWO', [1, 1], 262_144, 8, [64, 64], [1.6, 2]),
      level('RF', 'IWO', [16, 16], 64, 8, unlimited, [0.08, 0.1]),
    ],
    mac: { mesh_x: 16, mesh_y: 16, energy_pJ: 0.23 },
    energy_unit: 'pJ',
  },
  {
    name: 'simba',
    clock_hz: 1e9,
    word_bits: 8,
    levels: [
      level('DRAM', 'IWO', [1, 1], null, 8, [16, 16], [64, 64]),
      level('GLB', 'IO', [1, 1], 65_536, 8, [64, 64], [1.6, 2]),
      level('InBuf', 'I', [16, 1], 8192, 8, [8, 8], [0.7, 0.8]),
      level('WBuf', 'W', [16, 1], 32_768, 8, [64, 8], [1.1, 1.3]),
      level('AccBuf', 'O', [16, 1], 1024, 24, [8, 8], [0.9, 1]),
      level('WReg', 'W', [128, 8], 1, 8, unlimited, [0.02, 0.03]),
    ],
    mac: { mesh_x: 128, mesh_y: 8, energy_pJ: 0.23 },
    energy_unit: 'pJ',
  },
  {
    name: 'eyeriss',
    clock_hz: 2e8,
    word_bits: 16,
    levels: [
      level('DRAM', 'IWO', [1, 1], null, 16, [4, 4], [200, 200]),
      level('GLB', 'IO', [1, 1], 55_296, 16, [16, 16], [6, 6]),
      level('ISpad', 'I', [14, 12], 12, 16, [2, 2], [1, 1]),
      level('WSpad', 'W', [14, 12], 224, 16, [2, 2], [1, 1]),
      level('OSpad', 'O', [14, 12], 24, 16, [2, 2], [1, 1]),
    ],
    mac: { mesh_x: 14, mesh_y: 12, energy_pJ: 1 },
    energy_unit: 'relative (MAC = 1)',
  },
  {
    name: 'ws8t',
    clock_hz: 1e9,
    word_bits: 8,
    levels: [
      level('DRAM', 'IWO', [1, 1], null, 8, [8, 8], [64, 64]),
      level('GLB', 'IWO', [1, 1], 4096, 8, [32, 32], [0.5, 0.6]),
      level('RF', 'IWO', [8, 8], 32, 8, unlimited, [0.06, 0.08]),
    ],
    mac: { mesh_x: 8, mesh_y: 8, energy_pJ: 0.23 },
    energy_unit: 'pJ',
  },
  {
    name: 'tpu1',
    clock_hz: 7e8,
    word_bits: 8,
    levels: [
      level('DRAM', 'IWO', [1, 1], null, 8, [48, 48], [162.5, 162.5]),
      level('UB', 'IO', [1, 1], 25_165_824, 8, [256, 256], [12.5, 12.5]),
      level('WFIFO', 'W', [1, 1], 262_144, 8, [256, 48], [6.5, 6.5]),
      level('Acc', 'O', [256, 1], 4096, 32, [1, 1], [7, 7]),
      level('WReg', 'W', [256, 256], 1, 8, unlimited, [0.02, 0.03]),
    ],
    mac: { mesh_x: 256, mesh_y: 256, energy_pJ: 0.3 },
    energy_unit: 'pJ',
  },
  {
    name: 'gemmini',
    clock_hz: 1e9,
    word_bits: 8,
    levels: [
      level('DRAM', 'IWO', [1, 1], null, 8, [16, 16], [64, 64]),
      level('SPad', 'IW', [1, 1], 262_144, 8, [64, 16], [3.5, 3.5]),
      level('Acc', 'O', [16, 1], 1024, 32, [1, 1], [10, 10]),
      level('WReg', 'W', [16, 16], 1, 8, unlimited, [0.02, 0.03]),
    ],
    mac: { mesh_x: 16, mesh_y: 16, energy_pJ: 0.3 },
    energy_unit: 'pJ',
  },
] as const;

const dram =
  '64 pJ per 8-bit word is 8 pJ per bit, the usual figure for LPDDR4; reads and writes are assumed equal.';
const int8Mac =
  'An 8-bit multiply (.2 pJ) plus an 8-bit add (.03 pJ) at 45 nm (Horowitz, ISSCC 2014); the wider accumulation is not charged.';
const wideMac =
  'Assumed: an 8-bit multiply (.2 pJ) plus a 32-bit add (.1 pJ) at 45 nm (Horowitz, ISSCC 2014).';
const between =
  'interpolated between the 45 nm SRAMs of Horowitz (10, 20 and 100 pJ per 64 bits of 8 KiB, 32 KiB and 1 MiB)';

const infos: Readonly<Record<string, PresetInfo>> = {
  ws16: {
    title: 'ws16: 16 x 16, three levels',
    summary: 'A plain textbook array: DRAM, one 256 KiB buffer and 64 words beside each of 256 8-bit MACs.',
    sources: {
      array: 'Assumed: a generic 16 x 16 array, no particular chip.',
      capacity: 'Assumed: 256 KiB of global buffer and 64 words per processing element.',
      bandwidth: 'Assumed: 16 words per cycle to DRAM, 64 at the buffer, unlimited registers.',
      memoryEnergy: `${dram} Buffer (1.6 / 2.0) and registers (.08 / .10) are inputs chosen near the 45 nm SRAM figures of Horowitz (10 pJ per 64 bits of 8 KiB, 20 pJ of 32 KiB), not taken from a table.`,
      macEnergy: int8Mac,
      clock: 'Assumed: 1 GHz, 8-bit words everywhere.',
    },
  },
  simba: {
    title: 'simba: one Simba-like chiplet',
    summary:
      '16 processing elements of 8 x 8 8-bit MACs with split input, weight and accumulation buffers; sizes as in Simba, energies chosen by us.',
    sources: {
      array:
        'Published: 16 processing elements of 64 MACs on a chiplet (Shao et al., MICRO 2019); the package of 36 chiplets is not modelled.',
      capacity:
        'Published: 64 KiB global, 8 KiB input, 32 KiB weight and 3 KiB accumulation buffers (1,024 words of 24 bits) per element (Shao et al., MICRO 2019).',
      bandwidth:
        'Assumed: ports wide enough to feed the 8 x 8 MACs of an element, 16 words per cycle to DRAM.',
      memoryEnergy: `${dram} On-chip figures (.02 to 2 pJ per word) are inputs that grow with the buffer, chosen near the 45 nm SRAM figures of Horowitz, ISSCC 2014; they are not Simba's, which is a 16 nm chip.`,
      macEnergy: `${int8Mac} Simba itself is a 16 nm chip and uses less.`,
      clock: 'Assumed: 1 GHz; 8-bit operands and 24-bit accumulation as published.',
    },
  },
  eyeriss: {
    title: 'eyeriss: 12 x 14, relative energies',
    summary:
      '168 processing elements with three scratchpads each and a 108 KiB buffer. Energies are multiples of one MAC, never picojoules.',
    sources: {
      array: 'Published: 12 x 14 processing elements (Chen et al., ISCA 2016 and JSSC 2017).',
      capacity:
        'Published: 108 KiB global buffer, scratchpads of 12 input, 224 weight and 24 partial-sum words (Chen et al., JSSC 2017); here the whole buffer serves inputs and outputs and weights pass it by.',
      bandwidth: 'Assumed: 4 words per cycle to DRAM, 16 at the buffer, 2 at each scratchpad.',
      memoryEnergy:
        'Published, relative to one MAC: DRAM 200, buffer 6, scratchpad 1 (Chen et al., ISCA 2016); the 2 of a hop between elements is not charged; reads and writes are assumed equal.',
      macEnergy: 'The unit itself: one 16-bit MAC = 1 (Chen et al., ISCA 2016).',
      clock: 'Published: 200 MHz core clock and 16-bit words (Chen et al., JSSC 2017).',
    },
  },
  ws8t: {
    title: 'ws8t: edge 8 x 8',
    summary:
      'ws16 scaled down to suit the shipped 96-wide models, so that their EDP follows the ranks as BERT-base does on a larger machine.',
    sources: {
      array: 'Assumed: an 8 x 8 array, no particular chip.',
      capacity:
        'Assumed: 4,096 words of buffer and 32 per processing element, scaled from ws16 with the work.',
      bandwidth: 'Assumed: 8 words per cycle to DRAM, 32 at the buffer, unlimited registers.',
      memoryEnergy: `${dram} Buffer (.5 / .6) and registers (.06 / .08) are assumed, scaled from ws16 to their smaller sizes.`,
      macEnergy: int8Mac,
      clock: 'Assumed: 1 GHz, 8-bit words everywhere.',
    },
  },
  tpu1: {
    title: 'tpu1: TPU v1-like, 256 x 256',
    summary:
      'A weight-stationary systolic array of 65,536 8-bit MACs behind a narrow memory: at few tokens the weights are the bill. Sizes as published, energies chosen by us.',
    sources: {
      array:
        'Published: 256 x 256 8-bit MACs, weights held in the array (Jouppi et al., ISCA 2017). Here 256 columns each fan out to 256 rows; filling and draining the array takes no cycles.',
      capacity:
        'Published: 24 MiB unified buffer, a weight FIFO of four 64 KiB tiles, 4 MiB of accumulators as 256 RAMs of 4,096 32-bit words (Jouppi et al., ISCA 2017); one weight a cell, the second, shadow one is not modelled.',
      bandwidth:
        'Published: 34 GB/s of weight memory, 48 bytes per cycle at 700 MHz, and 256 bytes per cycle into the array (Jouppi et al., ISCA 2017). Assumed: inputs and results use that memory too, 48 bytes per cycle each way, as nothing stays on chip between layers here; one read and one write per accumulator RAM and cycle.',
      memoryEnergy: `Assumed: scaled from the 45 nm table of Horowitz (ISSCC 2014), though the chip is 28 nm. DRAM 1.3 nJ per 64 bits = 162.5 pJ per byte (its low end); buffer 12.5 per byte, as banks of 1 MiB at 100 pJ per 64 bits; FIFO 6.5 and accumulators 7 per 32-bit word, ${between}; array registers (.02 / .03) as in simba. Hops from cell to cell are not charged.`,
      macEnergy: wideMac,
      clock: 'Published: 700 MHz, 8-bit operands, 32-bit accumulation (Jouppi et al., ISCA 2017).',
    },
  },
  gemmini: {
    title: 'gemmini: edge core, 16 x 16',
    summary:
      'One Gemmini-like core for edge chips: a weight-stationary 16 x 16 array with one scratchpad for inputs and weights and 32-bit accumulators. Sizes as published, energies chosen by us.',
    sources: {
      array:
        'Published: 16 x 16 8-bit MACs, weight-stationary (Genc et al., DAC 2021). Here 16 columns each fan out to 16 rows.',
      capacity:
        'Published: 256 KiB scratchpad (4 banks of 4,096 rows of 16 bytes) and 64 KiB of accumulators (1,024 rows of 16 32-bit words), the parameters shipped with the generator (Genc et al., DAC 2021).',
      bandwidth:
        'Published: a 128-bit bus, 16 bytes per cycle; a row of 16 bytes per scratchpad bank and cycle, 64 over its four banks. Assumed: 16 bytes per cycle into the scratchpad, one read and one write per accumulator column and cycle; the cache of the host chip is not modelled.',
      memoryEnergy: `${dram} Scratchpad 3.5 pJ per byte (banks of 64 KiB) ${between}; accumulators 10 per 32-bit word, banks of 32 KiB at 20 pJ per 64 bits in that table; array registers (.02 / .03) as in simba.`,
      macEnergy: wideMac,
      clock: 'Published: 8-bit operands, 32-bit accumulation (Genc et al., DAC 2021). Assumed: 1 GHz.',
    },
  },
};

/** The machines that ship, by name. */
export const presets: Readonly<Record<string, Accelerator>> = Object.fromEntries(
  machines.map((machine) => [machine.name, parseAccelerator(machine)]),
);

/** @throws InputError that lists the names when there is none of that name. */
export function presetByName(name: string): Accelerator {
  const found = Object.hasOwn(presets, name) ? presets[name] : undefined;
  if (found === undefined) {
    throw new InputError('accelerator', `name must be one of ${Object.keys(presets).join(', ')}`, name);
  }
  return found;
}

/** Title, summary and sources of a preset's figures; null when no preset has that name. */
export function presetInfo(name: string): PresetInfo | null {
  return Object.hasOwn(infos, name) ? (infos[name] ?? null) : null;
}
