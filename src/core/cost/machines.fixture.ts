/** Test-only: the reference machines as accelerators. */
import { reference } from '../base/reference.ts';
import { operands } from '../hardware/accelerator.ts';
import type { Accelerator } from '../hardware/accelerator.ts';

interface JsonLevel {
  readonly name: string;
  readonly mesh_x: number;
  readonly mesh_y: number;
  readonly depth_words: number | null;
  readonly word_bits: number;
  readonly read_words_per_cycle: number | null;
  readonly write_words_per_cycle: number | null;
  readonly read_pJ_per_word: number;
  readonly write_pJ_per_word: number;
  readonly keeps: string;
}
interface JsonMachine {
  readonly clock_hz: number;
  readonly word_bits: number;
  readonly levels: readonly JsonLevel[];
  readonly mac: { readonly mesh_x: number; readonly mesh_y: number; readonly energy_pJ: number };
  readonly energy_unit: string;
}

export const testMachines = reference<{ machines: Readonly<Record<string, JsonMachine>> }>(
  'timeloop_machines.json',
);

export function testMachine(name: string): Accelerator {
  const json = testMachines?.machines[name];
  if (json === undefined) throw new Error(`internal: no reference machine ${name}`);
  return {
    name,
    clockHz: json.clock_hz,
    wordBits: json.word_bits,
    energyUnit: json.energy_unit,
    levels: json.levels.map((level) => ({
      name: level.name,
      meshX: level.mesh_x,
      meshY: level.mesh_y,
      depthWords: level.depth_words,
      wordBits: level.word_bits,
      readWordsPerCycle: level.read_words_per_cycle,
      writeWordsPerCycle: level.write_words_per_cycle,
      readEnergyPj: level.read_pJ_per_word,
      writeEnergyPj: level.write_pJ_per_word,
      keeps: operands.filter((operand) => level.keeps.includes(operand)),
    })),
    mac: { meshX: json.mac.mesh_x, meshY: json.mac.mesh_y, energyPj: json.mac.energy_pJ },
  };
}
