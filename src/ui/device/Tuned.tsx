/** What the tuner tried for each class of shapes, and how fast each was. */
import type { TunedShape } from '../../core/einsum/engine.ts';
import { formatExact } from '../format.ts';
import { formatMs } from '../latency/words.ts';

export function Tuned({ tuned }: { readonly tuned: readonly TunedShape[] }) {
  return (
    <details>
      <summary>What the tuner tried</summary>
      <ul className="device-tuned">
        {tuned.map(({ shape, from, winner, tried }) => (
          <li key={shape}>
            <details>
              <summary>
                <span className="mono">{shape}</span>{' '}
                <span className="note">
                  {winner},{' '}
                  {from === 'store'
                    ? 'remembered from an earlier visit'
                    : `best of ${formatExact(tried.length)}`}
                </span>
              </summary>
              {tried.length > 0 && <Tried tried={tried} winner={winner} shape={shape} />}
            </details>
          </li>
        ))}
      </ul>
    </details>
  );
}

function Tried({ tried, winner, shape }: Pick<TunedShape, 'tried' | 'winner' | 'shape'>) {
  const fastest = tried.toSorted((a, b) => (a.ms ?? Infinity) - (b.ms ?? Infinity));
  return (
    <table className="timing-table">
      <caption className="hidden">Kernels tried for {shape}</caption>
      <thead>
        <tr>
          <th scope="col">Kernel</th>
          <th scope="col">ms a run</th>
        </tr>
      </thead>
      <tbody>
        {fastest.map(({ kernel, ms }) => (
          <tr key={kernel}>
            <th scope="row" className="mono">
              {kernel}
              {kernel === winner ? <small>chosen</small> : null}
            </th>
            <td>{ms === null ? 'did not run' : formatMs(ms)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
