/** What the page measured as the benchmark's document, and as a table for people. */

const ours = 'rankscape';
const unfused = 'rankscape, unfused';
const peers = ['onnxruntime-web', 'jax-js', 'tfjs'];

const rounded = (value) => (value === null || value === undefined ? null : Number(value.toPrecision(4)));

/** @param load average of the machine over the last minute, the benchmark included */
export function summarize({ adapter, missing, roof, cases }, versions, load) {
  const rows = cases.map(({ name, equation, shapes, macs, outcomes }) => {
    const timing = (who) => outcomes[who]?.timing ?? null;
    const own = timing(ours);
    const peerTimes = peers.map((peer) => timing(peer)?.ms ?? Infinity);
    const best = Math.min(...peerTimes);
    const problems = Object.entries(outcomes).flatMap(([who, { problem }]) =>
      problem ? [[who, problem]] : [],
    );
    return {
      name,
      equation,
      shapes,
      ms: rounded(own?.ms),
      peers: Object.fromEntries(peers.map((peer) => [peer, rounded(timing(peer)?.ms)])),
      bestPeer: best === Infinity ? null : peers[peerTimes.indexOf(best)],
      ratio: own === null || best === Infinity ? null : rounded(best / own.ms),
      gflops: own === null ? null : rounded((2 * macs) / (own.ms * 1e6)),
      ...(timing(unfused) === null
        ? {}
        : { unfusedMs: rounded(timing(unfused).ms), fusion: own?.choices ?? [] }),
      wallMs: Object.fromEntries([ours, ...peers].map((who) => [who, rounded(timing(who)?.wallMs)])),
      ways: Object.fromEntries(
        [ours, ...peers].flatMap((who) => (timing(who) ? [[who, timing(who).way]] : [])),
      ),
      tried: Object.fromEntries(
        [ours, ...peers].flatMap((who) => (timing(who) ? [[who, timing(who).tried]] : [])),
      ),
      ...(problems.length === 0 ? {} : { problems: Object.fromEntries(problems) }),
    };
  });
  const ratios = rows.flatMap(({ ratio }) => (ratio === null ? [] : [ratio]));
  const worst = rows.reduce(
    (low, row) => (row.ratio !== null && !(low?.ratio <= row.ratio) ? row : low),
    null,
  );
  return {
    adapter: adapter.name,
    software: adapter.software,
    clock: adapter.timestamps
      ? 'timestamps on the device, summed over compute passes'
      : 'submission to completion',
    versions,
    missing,
    load: rounded(load),
    roof:
      roof === null
        ? null
        : { gflops: rounded(roof.gflops), side: roof.side, gigabytesPerSecond: rounded(roof.gigabytes) },
    cases: rows,
    geometricMean:
      ratios.length === 0
        ? null
        : rounded(Math.exp(ratios.reduce((sum, r) => sum + Math.log(r), 0) / ratios.length)),
    worst: worst === null ? null : { name: worst.name, ratio: worst.ratio },
  };
}

const cell = (value, width) => (value === null ? '-' : value.toPrecision(3)).padStart(width);

/** Markdown, so that it can be kept as it is. */
export function markdown({ adapter, clock, versions, load, roof, cases, geometricMean, worst }) {
  const named = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  const head = [
    `- Adapter: ${adapter}. Milliseconds, medians; ${clock}. Load average ${load}.`,
    `- Versions: ${named.join(', ')}.`,
    ...(roof === null
      ? []
      : [
          `- Roof by our own kernels: ${roof.gflops} GFLOP/s (matrices of side ${roof.side}), copies ${roof.gigabytesPerSecond} GB/s.`,
        ]),
    geometricMean === null
      ? ''
      : `- Best peer's time over ours: geometric mean ${geometricMean}, worst ${worst.ratio} (${worst.name}).`,
  ];
  const width = Math.max(4, ...cases.map(({ name }) => name.length));
  const rows = cases.map(
    ({ name, ms, gflops, unfusedMs = null, peers: times, ratio }) =>
      `| ${name.padEnd(width)} | ${[ms, gflops, unfusedMs, ...peers.map((peer) => times[peer]), ratio].map((value) => cell(value, 8)).join(' | ')} |`,
  );
  return [
    ...head,
    '',
    `| ${'case'.padEnd(width)} |     ours |  GFLOP/s |  unfused |      ort |   jax-js |     tfjs |    ratio |`,
    `| ${'-'.repeat(width)} | -------: | -------: | -------: | -------: | -------: | -------: | -------: |`,
    ...rows,
  ].join('\n');
}
