/** The tensor network of a lane. */
import { useMemo } from 'react';
import type { Factorization } from '../../core/factor/factorization.ts';
import { operandNames } from '../../core/factor/forward.ts';
import type { LayerCost } from '../../core/cost/layer.ts';
import { whoColour, type Who } from '../plots/shapes.ts';
import { NetworkFigure } from './Figures.tsx';
import { networkMarks } from './network.ts';

interface LaneNetworkProps {
  readonly who: Who;
  readonly factorization: Factorization;
  readonly cost: LayerCost;
  readonly width: number;
  readonly height: number;
}

export function LaneNetwork({ who, factorization, cost, width, height }: LaneNetworkProps) {
  const marks = useMemo(
    () => networkMarks(cost.path.einsum, operandNames(factorization), Math.max(60, width), height),
    [cost, factorization, width, height],
  );
  return (
    <div className="network">
      <NetworkFigure
        marks={marks}
        width={width}
        height={height}
        colour={whoColour[who]}
        label={`Tensor network: ${marks.nodes.filter((node) => node.kind !== 'hub').length} factors, ranks ${factorization.ranks.join(', ') || 'none'}`}
      />
    </div>
  );
}
