import { readFile, rm, writeFile } from 'node:fs/promises';
import { beforeEach, describe, expect, it } from 'vitest';
import { recordCoverage, type RecordCoverageInput } from '../../src/activities/record-coverage.ts';
import type { CoverageHour } from '../../src/domain/coverage.ts';
import { readLedger } from '../../src/ledger/read-ledger.ts';
import { anEnvironment, contentType, setUpStand, type ActivityStand } from './activity-stand.ts';

const hour: CoverageHour = {
  destination: 'events',
  hour: '2026-11-22T10',
  listed: 2,
  delivered: 1,
  late: 0,
  pending: 0,
  quarantined: 0,
  lost: 1,
  records: 3,
  complete: true,
  final: true,
};
const time = '2026-11-22T10:30:00.000Z';
const loss = { startTime: time, endTime: time, contentId: 'a', reason: 'AF20051', time };

let stand: ActivityStand;

beforeEach(async () => {
  stand = await setUpStand();
});

describe('recordCoverage', () => {
  it('writes hours and losses to the ledger at coverage_path, and a repeat changes nothing', async () => {
    await record();
    await record();
    const { tenantId, settings } = stand.tenant.config;
    expect(settings.coveragePath.startsWith(stand.folder)).toBe(true);
    const entries = [];
    for await (const entry of readLedger(settings.coveragePath, { tenantId, contentType }))
      entries.push(entry);
    expect(entries).toEqual([
      { kind: 'hour', ...hour },
      { kind: 'loss', ...loss },
    ]);
  });

  it('fails with what to mend when the ledger cannot be written', async () => {
    const { coveragePath } = stand.tenant.config.settings;
    await writeFile(coveragePath, 'a file in the way');
    await expect(record()).rejects.toMatchObject({ name: 'LedgerError' });
    expect(await readFile(coveragePath, 'utf8')).toBe('a file in the way');
    await rm(coveragePath);
    await record();
  });
});

function record(): Promise<void> {
  const { tenantId } = stand.tenant.config;
  const input: RecordCoverageInput = { tenantId, contentType, hours: [hour], losses: [loss] };
  return anEnvironment().run(recordCoverage(stand.dependencies), input);
}
