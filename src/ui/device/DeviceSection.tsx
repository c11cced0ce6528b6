/** Our own kernels on the device that shows this page. What is behind it is loaded when it is opened, and runs when asked. */
import { lazy, Suspense, useState } from 'react';

const DevicePanel = lazy(() => import('./DevicePanel.tsx'));

export function DeviceSection() {
  const [open, setOpen] = useState(false);
  return (
    <details className="sec device" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        <b>Measure on this device</b> <span className="note">by kernels of our own</span>
      </summary>
      {open && (
        <Suspense fallback={<p className="note">Loading</p>}>
          <DevicePanel />
        </Suspense>
      )}
    </details>
  );
}
