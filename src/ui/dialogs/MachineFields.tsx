/** The figures of a machine that belong to no level. */
import type { MachineTexts } from './machine-text.ts';

export interface MachineFormProps {
  readonly texts: MachineTexts;
  readonly onChange: (texts: MachineTexts) => void;
}

/** The unit of energies as the form shows it: never joules for relative figures. */
export function energyUnitText({ energy_unit }: MachineTexts): string {
  return energy_unit.trim() === 'pJ' ? 'pJ' : '× MAC';
}

export function MachineFields({ texts, onChange }: MachineFormProps) {
  const { mac } = texts;
  const fields = [
    ['Name', texts.name, (name: string) => ({ ...texts, name })],
    ['Clock, Hz', texts.clock_hz, (clock_hz: string) => ({ ...texts, clock_hz })],
    ['Word, bits', texts.word_bits, (word_bits: string) => ({ ...texts, word_bits })],
    ['Unit of energy', texts.energy_unit, (energy_unit: string) => ({ ...texts, energy_unit })],
    ['MACs X', mac.mesh_x, (mesh_x: string) => ({ ...texts, mac: { ...mac, mesh_x } })],
    ['MACs Y', mac.mesh_y, (mesh_y: string) => ({ ...texts, mac: { ...mac, mesh_y } })],
    [
      `Energy of a MAC, ${energyUnitText(texts)}`,
      mac.energy_pJ,
      (energy_pJ: string) => ({ ...texts, mac: { ...mac, energy_pJ } }),
    ],
  ] as const;
  return (
    <div className="fields">
      {fields.map(([title, value, change]) => (
        <label key={title}>
          {title}
          <input
            className="field"
            autoComplete="off"
            value={value}
            onChange={(event) => onChange(change(event.currentTarget.value))}
          />
        </label>
      ))}
    </div>
  );
}
