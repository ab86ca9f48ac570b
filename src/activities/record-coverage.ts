import type { CoverageHour } from '../domain/coverage.ts';
import type { Loss } from '../domain/losses.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { requireTenant } from './dependencies.ts';

export interface RecordCoverageInput {
  readonly tenantId: string;
  readonly contentType: string;
  readonly hours: readonly CoverageHour[];
  readonly losses: readonly Loss[];
}

/**
 * Writes hours and losses to the ledger before the state of the subscription forgets them. Safe to retry because readers of the
 * ledger drop repeats. Throws `Ledger.unavailable`, and `Input` for a tenant that the worker's configuration does not know.
 */
export function recordCoverage(dependencies: ActivityDependencies) {
  return async ({ tenantId, contentType, hours, losses }: RecordCoverageInput): Promise<void> => {
    const { ledger } = requireTenant(dependencies, tenantId);
    await ledger.append({ tenantId, contentType }, { hours, losses });
  };
}
