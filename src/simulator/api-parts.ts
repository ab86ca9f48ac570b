import type { AccessTokens } from './access-token.ts';
import type { SimulatorClock } from './clock.ts';
import type { CutBlobs } from './cut-blobs.ts';
import type { Ledger } from './ledger.ts';
import type { Notifier } from './notifier.ts';
import type { ServiceRules } from './options.ts';
import type { Population } from './population.ts';
import type { Quota } from './quota.ts';
import type { SubscriptionStates } from './subscription-states.ts';

/** What answers are made of. */
export interface ApiParts {
  readonly rules: ServiceRules;
  readonly population: Population;
  readonly states: SubscriptionStates;
  readonly tokens: AccessTokens;
  readonly clock: SimulatorClock;
  readonly ledger: Ledger;
  readonly quota: Quota;
  readonly cutBlobs: CutBlobs;
  readonly notifier: Notifier;
  /** How often each blob was asked for, by contentId; kept only where it changes its body. */
  readonly blobRequests: Map<string, number>;
}
