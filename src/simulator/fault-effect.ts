import type { Answer } from './answer.ts';
import type { ApiParts } from './api-parts.ts';
import type { Call } from './call.ts';
import type { ServiceRules } from './options.ts';

/**
 * What a fault does to an answer:
 * - `instead`: another answer in place of the true one;
 * - `change`: the true answer, altered;
 * - `rules`: the true answer by other rules;
 * - `event`: something happens to the service, and then it answers truly;
 * - `connection`: the true answer does not arrive as it should.
 */
export type FaultEffect =
  | { readonly type: 'instead'; readonly answer: (call: Call, place: Place) => Answer }
  | { readonly type: 'change'; readonly change: (answer: Answer, call: Call, place: Place) => Answer }
  | { readonly type: 'rules'; readonly rules: Partial<ServiceRules> }
  | { readonly type: 'event'; readonly happen: (call: Call, parts: ApiParts) => void }
  | { readonly type: 'connection'; readonly trouble: ConnectionTrouble };

/** What an answer may point to beside the service itself. */
export interface Place {
  /** Scheme, host and port of the host that no token should reach. */
  readonly foreignOrigin: string;
}

/**
 * `closedMidBody`: the connection ends within the body; `cutBody`: http is in order, half of the JSON is missing; `slowBody`: a
 * pause in the middle of it; `drip`: few bytes a second.
 */
export type ConnectionTrouble = 'none' | 'reset' | 'closedMidBody' | 'cutBody' | 'slowBody' | 'drip';

export function instead(answer: (call: Call, place: Place) => Answer): FaultEffect {
  return { type: 'instead', answer };
}

export function change(by: (answer: Answer, call: Call, place: Place) => Answer): FaultEffect {
  return { type: 'change', change: by };
}

export function changedRules(rules: Partial<ServiceRules>): FaultEffect {
  return { type: 'rules', rules };
}
