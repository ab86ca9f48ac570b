import type { SimulatorReport } from '../../simulator/ledger.ts';
import type { Verification } from '../../simulator/verify.ts';
import type { Progress } from './observe.ts';
import type { Throughput } from './throughput.ts';

export interface Summary {
  readonly progress: Progress;
  readonly verification: Verification;
  readonly report: SimulatorReport;
  readonly throughput: Throughput;
  /** Events in the histories of all runs. */
  readonly events: number;
  readonly ms: number;
  readonly eventsPath: string;
  readonly uiUrl: string | undefined;
}

/** Whether the files are exactly what the simulator made available. */
export function isClean({ verification, progress }: Summary): boolean {
  const { missing, doubled, altered, unexpected, records } = verification;
  return records > 0 && missing + doubled + altered + unexpected === 0 && progress.lost === 0;
}

export function formatSummary(summary: Summary): string {
  const { verification, progress, report, throughput } = summary;
  const sum = (count: (blobs: SimulatorReport['subscriptions'][number]['blobs']) => number) =>
    report.subscriptions.reduce((total, { blobs }) => total + count(blobs), 0);
  // A listing of several pages is one poll: its further pages are counted apart.
  const polls = Object.values(report.requests.content ?? {}).reduce((total, count) => total + count, 0);
  const rows: [string, string][] = [
    ['Subscriptions', `${progress.subscriptions}`],
    ['Blobs listed', number(sum(({ listed }) => listed))],
    ['Blobs delivered', `${number(progress.delivered)} of ${number(verification.blobs)}`],
    [
      'Blobs served twice',
      `${number(sum(({ fetchedMoreThanOnce }) => fetchedMoreThanOnce))}, of them ${number(throughput.blobs)} to the bare loop; each stands in the files once`,
    ],
    [
      'Records',
      `${number(verification.records)}, of them ${number(verification.servedTwice)} that the feed holds twice by design`,
    ],
    ['Bytes', `${number(verification.bytes)}`],
    ['Missing', number(verification.missing)],
    ['Doubled', number(verification.doubled)],
    ['Altered', number(verification.altered + verification.unexpected)],
    [
      'Throughput',
      `${number(throughput.service)} records/s through Temporal to disk, ${(throughput.service / throughput.bare).toFixed(2)} of a bare loop (${number(throughput.bare)})`,
    ],
    [
      'History',
      `${(summary.events / polls).toFixed(1)} events per poll (${number(summary.events)} events, ${number(polls)} polls)`,
    ],
    ['Time', `${Math.round(summary.ms / 1000)} s`],
    ['Files', summary.eventsPath],
    ['Temporal UI', `${summary.uiUrl ?? 'none'} (with --keep)`],
  ];
  const verdict = isClean(summary)
    ? 'Compared line by line with what the simulator made available: complete, and nothing twice.'
    : `The files are NOT what the simulator made available:\n  ${verification.examples.join('\n  ')}`;
  const width = Math.max(...rows.map(([name]) => name.length));
  return ['', ...rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`), '', verdict].join('\n');
}

function number(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}
