/** The left panel: what is selected, its format and shape, its ranks, how weights are stored, the work it meets, how it runs, its size. */
import { ExecutionSection } from './ExecutionSection.tsx';
import { FormatSection } from './FormatSection.tsx';
import { MatrixSection } from './MatrixSection.tsx';
import { QuantizationSection } from './QuantizationSection.tsx';
import { RankSection } from './RankSection.tsx';
import { SizeBar } from './SizeBar.tsx';
import { WorkloadSection } from './WorkloadSection.tsx';
import './design.css';
import './sliders.css';

export function DesignPanel() {
  return (
    <>
      <MatrixSection />
      <FormatSection />
      <RankSection />
      <QuantizationSection />
      <WorkloadSection />
      <ExecutionSection />
      <SizeBar />
    </>
  );
}
