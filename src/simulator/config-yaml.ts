import type { Population } from './population.ts';

export interface SimulatorConfigParts {
  /** `http://host:port` of the simulator. */
  readonly url: string;
  readonly population: Population;
  readonly clientId: string;
  readonly clientSecret: string;
}

/** Settings by their YAML name, for example `{ interval: '1s', sweep_ages: ['10s', '1m'] }`; a list becomes a YAML list. */
export type SimulatorConfigSettings = Readonly<Record<string, string | number | readonly string[]>>;

/** Quick enough to watch: the service's own defaults are made for Microsoft's pace. */
const demoSettings: SimulatorConfigSettings = {
  interval: '1s',
  max_interval: '5s',
  settle_time: '0s',
  requests_per_minute: 'unlimited',
};

/** A whole configuration of office365-ingest for all tenants of a simulator. */
export function simulatorConfigYaml(
  { url, population, clientId, clientSecret }: SimulatorConfigParts,
  settings: SimulatorConfigSettings = {},
): string {
  const shared = { client_id: clientId, client_secret: clientSecret, ...demoSettings, ...settings };
  const lines = Object.entries(shared).map(([name, value]) => `${name}: ${yamlValue(value)}`);
  const tenants = population.tenants.flatMap(({ tenantId, name, subscriptions }) => [
    `  - tenant_id: ${yamlValue(tenantId)}`,
    `    name: ${yamlValue(name)}`,
    `    api_url: ${yamlValue(url)}`,
    `    login_url: ${yamlValue(url)}`,
    `    subscriptions: ${yamlValue(subscriptions.map(({ contentType }) => contentType))}`,
  ]);
  return [...lines, 'tenants:', ...tenants, ''].join('\n');
}

/** JSON is YAML: quoted where a plain word could be read as something else. */
function yamlValue(value: string | number | readonly string[]): string {
  if (Array.isArray(value)) return `[${value.map((item: string) => yamlValue(item)).join(', ')}]`;
  return typeof value === 'string' && /^(\d+[a-z]+|[A-Za-z][\w./-]*)$/.test(value)
    ? value
    : JSON.stringify(value);
}
