import { describe, expect, it } from 'vitest';
import { defaultTaskQueue, listingTaskQueue, subscriptionWorkflowId } from '../../src/domain/ids.ts';

// Running workflows and operators' scripts know these names: each is a contract.
describe('names that others depend on', () => {
  it('puts workflows and forwarding on one task queue and the waiting listings on another', () => {
    expect(defaultTaskQueue).toBe('office365');
    expect(listingTaskQueue(defaultTaskQueue)).toBe('office365-listing');
  });

  it('gives a subscription one workflow id', () => {
    expect(subscriptionWorkflowId('a1b2', 'Audit.Exchange')).toBe('office365/a1b2/Audit.Exchange');
  });
});
