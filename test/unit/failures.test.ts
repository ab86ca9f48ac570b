import { ApplicationFailure, ApplicationFailureCategory, CancelledFailure } from '@temporalio/common';
import { describe, expect, it } from 'vitest';
import { describeFailure, failureTypes, toFailure } from '../../src/activities/failures.ts';
import {
  DestinationError,
  destinationErrorKinds,
  InputError,
  LedgerError,
  ledgerErrorKinds,
  ManagementApiError,
  managementApiErrorKinds,
} from '../../src/errors.ts';

describe('toFailure', () => {
  it('makes a typed failure of every error of ours', () => {
    const made = [
      ...managementApiErrorKinds.map((kind) => toFailure(new ManagementApiError(kind, 'said'))),
      ...destinationErrorKinds.map((kind) => toFailure(new DestinationError(kind, 'said'))),
      ...ledgerErrorKinds.map((kind) => toFailure(new LedgerError(kind, 'said'))),
      toFailure(new InputError('field', 'said')),
    ] as ApplicationFailure[];
    expect(made.map(({ type }) => type)).toEqual(failureTypes);
  });

  it('hands the wait that the service asked for to Temporal', () => {
    const failure = toFailure(new ManagementApiError('throttled', 'later', { retryAfterMs: 42_000 }));
    expect(failure).toMatchObject({
      nextRetryDelay: 42_000,
      nonRetryable: false,
      category: ApplicationFailureCategory.BENIGN,
    });
  });

  it.each([
    [new ManagementApiError('unauthorized', ''), true],
    [new ManagementApiError('tenantNotReady', ''), true],
    [new ManagementApiError('unavailable', ''), false],
    [new ManagementApiError('unexpectedResponse', ''), false],
    [new DestinationError('misconfigured', ''), true],
    [new DestinationError('unavailable', ''), false],
    [new LedgerError('unavailable', ''), false],
    [new InputError('tenantId', ''), true],
    [new InputError('tenantId', '', { mayPass: true }), false],
  ])('does not retry what only a person can mend: %o', (error, isFinal) => {
    expect(toFailure(error)).toMatchObject({ nonRetryable: isFinal });
  });

  it('leaves out the stack and the cause, which name paths and may hold requests', () => {
    const cause = Object.assign(new Error('request'), { headers: { authorization: 'Bearer secret' } });
    const failure = toFailure(new ManagementApiError('unavailable', 'said', { cause })) as ApplicationFailure;
    expect(failure.stack).toBe('');
    expect(failure.cause).toBeUndefined();
  });

  it('lets a cancellation, a failure made by hand and a bug pass', () => {
    for (const error of [
      new CancelledFailure('stop'),
      ApplicationFailure.retryable('own'),
      new TypeError('bug'),
    ]) {
      expect(toFailure(error)).toBe(error);
    }
  });
});

describe('describeFailure', () => {
  it('says type and message of our own errors', () => {
    expect(describeFailure(new DestinationError('unavailable', 'HTTP 503'))).toEqual({
      failureType: 'Destination.unavailable',
      message: 'HTTP 503',
    });
  });

  it('keeps to itself what an unexpected error says, which may quote a record', () => {
    const description = describeFailure(new SyntaxError('Unexpected token in {"UserId":"ann"}'));
    expect(description.failureType).toBe('SyntaxError');
    expect(description.message).not.toContain('ann');
  });
});
