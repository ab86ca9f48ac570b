import type { ServiceRules, SimulatorOptions } from './options.ts';
import { guid, randomFrom, randomKey } from './random.ts';

export const defaultSeed = 'office365';

/** The rules with their defaults, which imitate the wire where it differs from the documentation. */
function defaultRules(seed: string): ServiceRules {
  return {
    historyVisibleAtStart: '22h',
    pageSize: 200,
    shufflePages: false,
    emptyFirstPage: false,
    itemsOutsideWindow: false,
    cut: 'none',
    startCooldownMs: 15 * 60_000,
    startCooldownScope: 'subscription',
    startWhileEnabled: 'wait',
    stopStatus: 200,
    retentionToleranceMs: 0,
    window24Hours: 'accepted',
    windowOver24Hours: 'refused',
    expirationDays: 7,
    latencyMs: 0,
    gzip: true,
    lowerCaseHeaders: false,
    quotaPerMinute: 0,
    sharedQuotaPerMinute: 0,
    bareSingleRecords: false,
    pagedBlobs: false,
    changingBodies: false,
    lenientTenantPath: false,
    resource: 'https://manage.office.com',
    tokenLifetimeSeconds: 3599,
    tokenSpeedUp: 1,
    roles: ['ActivityFeed.Read', 'ActivityFeed.ReadDlp', 'ServiceHealth.Read'],
    permission: 'application',
    clientId: guid(randomFrom(randomKey(seed, 'client'))),
    clientSecret: 'simulated+secret&100%~',
    clientCertificate: undefined,
    plainHttpWebhooks: false,
  };
}

/** Options that `--set` of the command takes: the rules, and what sets a population apart. */
export const settableOptions: readonly string[] = [
  ...Object.keys(defaultRules(defaultSeed)),
  'repeats',
  'late',
  'expiredShare',
  'movedRegion',
  'largeBlobBytes',
  'clockSkewMs',
];

const choices: Readonly<Partial<Record<keyof ServiceRules, readonly unknown[]>>> = {
  historyVisibleAtStart: ['22h', 'all', 'nothing'],
  cut: ['none', 'lost', 'neighbour', 'reordered'],
  startCooldownScope: ['subscription', 'tenant'],
  startWhileEnabled: ['wait', 'alreadyEnabled'],
  stopStatus: [200, 204],
  window24Hours: ['accepted', 'refused'],
  windowOver24Hours: ['refused', 'partial'],
  permission: ['application', 'delegated'],
};

/** Throws `RangeError` that names the option and what is allowed. */
export function resolveRules(options: SimulatorOptions): ServiceRules {
  const defaults = defaultRules(options.seed ?? defaultSeed);
  const entries = Object.entries(defaults).map(([name, usual]) => {
    const value: unknown = options[name as keyof ServiceRules] ?? usual;
    checkRule(name as keyof ServiceRules, value, usual);
    return [name, value] as const;
  });
  return Object.fromEntries(entries) as unknown as ServiceRules;
}

function checkRule(name: keyof ServiceRules, value: unknown, usual: unknown): void {
  const allowed = choices[name];
  if (allowed && !allowed.includes(value))
    throw new RangeError(`${name}: ${String(value)} is not one of ${allowed.join(', ')}`);
  if (usual !== undefined && typeof value !== typeof usual)
    throw new RangeError(
      `${name}: ${String(value)} must be a ${Array.isArray(usual) ? 'list' : typeof usual}`,
    );
  const least = name === 'pageSize' || name === 'tokenSpeedUp' ? 1 : 0;
  if (typeof value === 'number' && !(value >= least))
    throw new RangeError(`${name}: ${value} must be ${least} or more`);
}
