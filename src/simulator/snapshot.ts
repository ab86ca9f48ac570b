import type { SimulatorClock } from './clock.ts';
import type { Population, PopulationDescription } from './population.ts';
import type { SubscriptionStates, VisibleSpan } from './subscription-states.ts';

/** All that is needed to know, without the simulator, which records it has made available: what `GET /_population` prints. */
export interface PopulationSnapshot {
  readonly description: PopulationDescription;
  /** Milliseconds since 1970, exclusive: content created before this time is available. */
  readonly availableUntilMs: number;
  readonly subscriptions: readonly {
    readonly tenantId: string;
    readonly contentType: string;
    readonly visible: readonly VisibleSpan[];
  }[];
}

export function takeSnapshot(
  population: Population,
  states: SubscriptionStates,
  clock: SimulatorClock,
): PopulationSnapshot {
  return {
    description: population.description,
    availableUntilMs: clock.availableUntilMs(),
    subscriptions: states.all().map(({ tenantId, contentType, visible }) => ({
      tenantId,
      contentType,
      visible: visible.map((span) => ({ ...span })),
    })),
  };
}
