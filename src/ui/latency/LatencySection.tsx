/** Dense against factorized by onnxruntime on the device that shows this page. What is behind it is loaded when it is opened. */
import { lazy, Suspense, useState } from 'react';
import './latency.css';

const LatencyPanel = lazy(() => import('./LatencyPanel.tsx'));

export function LatencySection() {
  const [opened, setOpened] = useState(false);
  const [standing, setStanding] = useState<string | null>(null);
  return (
    <details className="sec latency" onToggle={() => setOpened(true)}>
      <summary>
        <b>Run on this device</b>{' '}
        <span className="note">{standing ?? 'dense against factorized, not measured'}</span>
      </summary>
      {opened && (
        <Suspense fallback={<p className="note">Loading</p>}>
          <LatencyPanel onStanding={setStanding} />
        </Suspense>
      )}
    </details>
  );
}
